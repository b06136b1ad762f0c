import {
  A2AError,
  ContentTypeNotSupportedError,
  JsonRpcTransportError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import type { Logger } from 'pino';
import { type ErrorCode, HostError } from '../errors.ts';
import { internalError } from '../web/request-notes.ts';

/** JSON-RPC codes the SDK has no class for. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  internal: -32603,
  refused: -32000,
  /** Between the parts of this surface; clients are told `refused`, with the status 429. */
  tooMany: -32029,
  contentType: -32005,
} as const;

const CLASSES: Partial<Record<ErrorCode, new (message: string) => A2AError>> = {
  invalid_params: RequestMalformedError,
  task_not_found: TaskNotFoundError,
  task_not_cancelable: TaskNotCancelableError,
  unsupported_operation: UnsupportedOperationError,
  agent_draining: UnsupportedOperationError,
  content_type_not_supported: ContentTypeNotSupportedError,
};

/**
 * What a client may see of a failure. Ours are told by an id that the log has; nothing else of them is shown.
 */
export function toProtocolError(error: unknown, log: Logger): A2AError {
  if (error instanceof A2AError) return error;
  if (error instanceof HostError) {
    const Known = CLASSES[error.code];
    if (Known !== undefined) return new Known(error.message);
    if (error.code === 'too_many') return rpcError(RPC.tooMany, error.message);
    if (error.code === 'unavailable') {
      log.warn({ err: error }, 'a request could not be served');
      return rpcError(RPC.refused, error.message);
    }
  }
  return rpcError(RPC.internal, internalError(error, log));
}

/** An error with a JSON-RPC code of its own. */
export const rpcError = (code: number, message: string): A2AError =>
  new JsonRpcTransportError({ jsonrpc: '2.0', id: null, error: { code, message } });
