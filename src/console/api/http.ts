import { credential, refusals } from '../app/credential.ts';
import { ApiError } from './api-error.ts';

export interface RequestOptions {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The address of something of this host, wherever a proxy puts it. */
export const hostUrl = (path: string): string => new URL(path, document.baseURI).href;

/** `fetch` with the caller's credential, for this host alone. */
export const hostFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  const token = credential.peek()?.token;
  if (token !== undefined && new URL(asked.url).origin === location.origin) {
    asked.headers.set('Authorization', `Bearer ${token}`);
  }
  const response = await fetch(asked);
  if (response.status === 401) refusals.value += 1;
  return response;
};

/** What is said when the connection cannot be had or is lost. */
export const unanswered = (cause: unknown): ApiError =>
  new ApiError('The host does not answer', { status: 0, cause });

/** The answer itself. @throws ApiError with what the host says, or that nothing answered. */
export async function ask(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = options.body === undefined ? 'GET' : 'POST', body, headers = {}, signal } = options;
  const init: RequestInit = {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
  const response = await hostFetch(hostUrl(path), init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw unanswered(error);
  });
  if (!response.ok) throw await refusal(response);
  return response;
}

/** The JSON of an answer; undefined for one without a body. @throws ApiError */
export async function request<T>(path: string, options?: RequestOptions): Promise<T> {
  const response = await ask(path, options);
  if (response.status === 204) return undefined as T;
  return response.json().catch((cause: unknown) => {
    if (options?.signal?.aborted) throw cause;
    throw new ApiError('What answers is not the host', { status: response.status, cause });
  });
}

interface Refused {
  message?: string;
  detail?: string;
  error?: { code?: unknown; message?: string };
  task_id?: string;
}

/** What an answer says that is none. */
export async function refusal(response: Response): Promise<ApiError> {
  const { status } = response;
  const said: Refused = await response.json().catch(() => ({}));
  const message = said.error?.message ?? said.message ?? said.detail ?? `The host answered ${status}`;
  const code = said.error?.code;
  const seconds = Number(response.headers.get('Retry-After') || Number.NaN);
  const retryAfterMs = seconds >= 0 ? seconds * 1000 : undefined;
  const about = { status, taskId: said.task_id, retryAfterMs };
  return new ApiError(message, { ...about, ...(code === undefined ? {} : { code: String(code) }) });
}
