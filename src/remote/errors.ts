import {
  A2AError,
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import { GatewayError } from '../gateway/gateway-error.ts';
import { AddressRefused } from '../outbound/addresses.ts';
import { OutboundError } from '../outbound/fetch.ts';

/** What an agent elsewhere did instead of answering. Nothing of what lies where is told. */
export function agentError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof TaskNotFoundError) return told(404, 'task_not_found', 'Task not found', error);
  if (error instanceof TaskNotCancelableError) return told(409, 'task_ended', error.message, error);
  if (error instanceof UnsupportedOperationError) return told(409, 'task_not_waiting', error.message, error);
  if (error instanceof RequestMalformedError || error instanceof ContentTypeNotSupportedError) {
    return told(422, 'unprocessable', error.message, error);
  }
  if (error instanceof A2AError) return told(502, 'agent_failed', `The agent says: ${error.message}`, error);
  const cause = causeOf(error);
  if (cause instanceof AddressRefused || cause instanceof OutboundError) {
    const status = cause.message === 'no answer in time' ? 504 : 502;
    return told(
      status,
      status === 504 ? 'agent_timeout' : 'agent_failed',
      `The agent: ${cause.message}`,
      error,
    );
  }
  if ((error as Error | undefined)?.name === 'AbortError') {
    return told(504, 'agent_timeout', 'The agent has not answered in time', error);
  }
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const why = typeof code === 'string' && /^[A-Z_0-9]+$/.test(code) ? ` (${code})` : '';
  return told(
    502,
    'agent_failed',
    `The agent could not be reached, or did not answer as it should${why}`,
    error,
  );
}

const told = (status: number, code: string, message: string, cause: unknown): GatewayError =>
  new GatewayError(status, code, message.slice(0, 1_000), { cause });

/** The client wraps what it was given. */
function causeOf(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause !== undefined && !isOurs(current)) current = current.cause;
  return current;
}

const isOurs = (error: unknown): boolean => error instanceof AddressRefused || error instanceof OutboundError;
