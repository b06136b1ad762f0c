interface ApiErrorOptions {
  status: number;
  code?: string;
  taskId?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** What the host says when it does not do what it is asked. */
export class ApiError extends Error {
  /** HTTP's; 0 when nothing answered. */
  readonly status: number;
  /** The surface's own word for it. */
  readonly code: string | undefined;
  /** Of the task that it is about. */
  readonly taskId: string | undefined;
  /** How long to wait before it is asked again, where the host says so (RFC 9110 §10.2.3). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, code, taskId, retryAfterMs, cause }: ApiErrorOptions) {
    super(message, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.taskId = taskId;
    this.retryAfterMs = retryAfterMs;
  }
}
