/**
 * The error family. Domain code throws these; each surface translates the code into its own wire.
 * `message` is written for the caller and holds nothing secret; the cause is for the operator's log only.
 */
export type ErrorCode =
  | 'invalid_params'
  | 'agent_not_found'
  | 'agent_draining'
  | 'task_not_found'
  | 'task_not_cancelable'
  | 'unsupported_operation'
  | 'content_type_not_supported'
  | 'unavailable'
  | 'too_many'
  | 'key_in_use'
  | 'config';

export class HostError extends Error {
  readonly code: ErrorCode;
  /** The offending field's path in the request, when one is to blame. */
  readonly field: string | undefined;
  /** In how many seconds it may be worth to try again, of `too_many`. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { field?: string; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HostError';
    this.code = code;
    this.field = options.field;
    this.retryAfterS = options.retryAfterS;
  }
}

export const invalidParams = (field: string, problem: string): HostError =>
  new HostError('invalid_params', `${field}: ${problem}`, { field });

/** One answer for a task that never existed, another agent's and another caller's. */
export const taskNotFound = (): HostError => new HostError('task_not_found', 'Task not found');

export const unsupported = (message: string): HostError => new HostError('unsupported_operation', message);

export const unavailable = (message: string, cause?: unknown): HostError =>
  new HostError('unavailable', message, { cause });

/** A limit is reached; what was asked for was not done. */
export const tooMany = (message: string, retryAfterS: number): HostError =>
  new HostError('too_many', message, { retryAfterS });

/** Another request with the same idempotency key is at work; nothing was done. */
export const keyInUse = (): HostError =>
  new HostError('key_in_use', 'A request with this Idempotency-Key is being worked on', { retryAfterS: 1 });

/** Why something failed, on one line, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
