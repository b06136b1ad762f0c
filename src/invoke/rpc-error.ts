import type { Logger } from 'pino';
import { type ErrorCode, HostError } from '../errors.ts';
import { internalError } from '../web/request-notes.ts';

/** JSON-RPC 2.0 §5.1, and the protocol's own for what is not there. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  notFound: -32001,
} as const;

/** A failure that is told as JSON-RPC tells it. */
export class RpcError extends Error {
  readonly code: number;
  /** HTTP's. */
  readonly status: number;

  constructor(code: number, message: string, status = 200) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.status = status;
  }
}

/** What a client is told of a failure. */
export interface Failure {
  /** HTTP's status where only that says it, and where it is told beside JSON-RPC. */
  status: number;
  code: number;
  message: string;
  retryAfterS?: number | undefined;
}

const CODES: Partial<Record<ErrorCode, { code: number; status: number }>> = {
  invalid_params: { code: RPC.invalidParams, status: 400 },
  content_type_not_supported: { code: RPC.invalidParams, status: 400 },
  unsupported_operation: { code: RPC.invalidParams, status: 409 },
  task_not_cancelable: { code: RPC.invalidParams, status: 409 },
  task_not_found: { code: RPC.notFound, status: 404 },
  agent_not_found: { code: RPC.notFound, status: 404 },
  agent_draining: { code: RPC.notFound, status: 404 },
};

/** What is to blame where the message does not say. */
const FIELDS: Partial<Record<ErrorCode, string>> = {
  unsupported_operation: 'taskId: ',
  agent_draining: 'agentId: ',
};

/** Names of the protocol's fields as the fields here. */
const OWN_FIELDS: [RegExp, string][] = [
  [/^message\.contextId\b(?!: there is no such field)/, 'sessionId'],
  [/^contextId\b/, 'sessionId'],
  [/^message\.taskId\b(?!: there is no such field)/, 'taskId'],
  [/^(region): /, '$1: '],
  [/^max_cost_units: /, 'maxCostUnits: '],
  [/^confirm_risky: /, 'confirmRisky: '],
];

/** A message of the domain in this facade's names. */
export const inOwnWords = (message: string): string =>
  OWN_FIELDS.reduce((text, [field, own]) => text.replace(field, own), message);

/** Our own faults are told by an id that the log has; nothing else of them is shown. */
export function failureOf(error: unknown, log: Logger): Failure {
  if (error instanceof RpcError) return error;
  if (error instanceof HostError) {
    const known = CODES[error.code];
    if (known !== undefined) {
      const field = FIELDS[error.code] ?? '';
      return { ...known, retryAfterS: error.retryAfterS, message: `${field}${inOwnWords(error.message)}` };
    }
    if (error.code === 'too_many') {
      return { code: RPC.internal, status: 429, message: error.message, retryAfterS: error.retryAfterS };
    }
    if (error.code === 'unavailable') {
      return { code: RPC.internal, status: 503, message: error.message, retryAfterS: 1 };
    }
  }
  return { code: RPC.internal, status: 500, message: internalError(error, log) };
}
