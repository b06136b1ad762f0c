import { HostError } from '../errors.ts';
import type { PolicyDecision } from '../policy/decide.ts';

/** What a client can tell failures apart by; refusals by policy have codes of their own. */
type GatewayErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'insufficient_scope'
  | 'agent_not_found'
  | 'receipt_not_found'
  | 'key_not_found'
  | 'caller_busy'
  | 'caller_not_found'
  | 'provider_not_found'
  | 'provider_exists'
  | 'agent_exists'
  | 'agent_draining'
  | 'auth_context_not_found'
  | 'receipt_running'
  | 'task_not_found'
  | 'context_not_found'
  | 'message_id_taken'
  | 'task_not_waiting'
  | 'task_ended'
  | 'unprocessable'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'credential_refused'
  | 'agent_failed'
  | 'agent_timeout'
  | 'too_many_requests'
  | 'key_in_use'
  | 'key_reused'
  | 'unavailable'
  | 'internal';

/** What is named beside an error, as far as it is known. */
export interface ErrorIds {
  receipt_id?: string | undefined;
  task_id?: string | undefined;
  context_id?: string | undefined;
}

/** A failure as the facade tells it: `{ error: { code, message }, receipt_id?, … }` with this HTTP status. */
export class GatewayError extends Error {
  readonly status: number;
  readonly code: string;
  readonly ids: ErrorIds;
  /** In how many seconds it may be worth to try again. */
  readonly retryAfterS: number | undefined;

  constructor(
    status: number,
    code: GatewayErrorCode | (string & {}),
    message: string,
    { cause, retryAfterS, ...ids }: ErrorIds & { cause?: unknown; retryAfterS?: number | undefined } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayError';
    this.status = status;
    this.code = code;
    this.ids = ids;
    this.retryAfterS = retryAfterS;
  }
}

export const errorBody = (code: string, message: string, ids: ErrorIds = {}): object => ({
  error: { code, message },
  ...ids,
});

export const invalidRequest = (message: string): GatewayError =>
  new GatewayError(400, 'invalid_request', message);

export const agentNotFound = (agentId: string): GatewayError =>
  new GatewayError(404, 'agent_not_found', `There is no agent ${JSON.stringify(agentId)}`);

export const taskNotFound = (ids: ErrorIds = {}): GatewayError =>
  new GatewayError(404, 'task_not_found', 'Task not found', ids);

export const refusedByPolicy = (
  { code, message }: Extract<PolicyDecision, { decision: 'refuse' }>,
  ids: ErrorIds = {},
): GatewayError => new GatewayError(403, code, message, ids);

/** What an agent or the record said instead of an answer, in the facade's words. */
export function asGatewayError(error: unknown, ids: ErrorIds = {}): GatewayError {
  if (error instanceof GatewayError) {
    const { status, code, message, retryAfterS } = error;
    return new GatewayError(status, code, message, { ...error.ids, ...ids, retryAfterS, cause: error });
  }
  if (!(error instanceof HostError)) {
    return new GatewayError(500, 'internal', 'Internal error', { ...ids, cause: error });
  }
  const [status, code] = BY_CODE[error.code] ?? ([500, 'internal'] as const);
  const message = status === 500 ? 'Internal error' : inOwnWords(error.message);
  return new GatewayError(status, code, message, { ...ids, retryAfterS: error.retryAfterS, cause: error });
}

const BY_CODE: Partial<Record<HostError['code'], readonly [number, GatewayErrorCode]>> = {
  invalid_params: [422, 'unprocessable'],
  content_type_not_supported: [422, 'unprocessable'],
  task_not_found: [404, 'task_not_found'],
  task_not_cancelable: [409, 'task_ended'],
  unsupported_operation: [409, 'task_not_waiting'],
  agent_draining: [409, 'agent_draining'],
  too_many: [429, 'too_many_requests'],
  key_in_use: [409, 'key_in_use'],
  unavailable: [503, 'unavailable'],
};

/** Names of the protocol's fields as the fields of a body here. */
const OWN_FIELDS: [RegExp, string][] = [
  [/^message\.parts\[\d+\]\.data\b/, 'input'],
  [/^message\.contextId\b/, 'context_id'],
  [/^message\.taskId\b/, 'task_id'],
];

const inOwnWords = (message: string): string =>
  OWN_FIELDS.reduce((text, [field, own]) => text.replace(field, own), message);
