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
import { BadAnswer } from './wire.ts';

/** A request that was given up before there was an answer, for no fault of its agent. */
export class Abandoned extends Error {}

/** An agent's word on who calls it: what a request was answered with, and whether it carried a credential. */
export function refusedCaller(status: number, hadCredential: boolean): GatewayError | undefined {
  if (status === 403) return told(422, 'credential_refused', 'The agent does not allow this call', undefined);
  if (status !== 401) return undefined;
  const message = hadCredential
    ? 'The agent refused the credential'
    : 'The agent asks for a credential: give auth_token or auth_context_id';
  return told(422, 'credential_refused', message, undefined);
}

/** What an agent elsewhere did instead of answering. Nothing of what lies where is told. */
export function agentError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof Abandoned) {
    const message = 'The call was broken off before the agent answered; whether it has it is not known';
    return told(503, 'unavailable', message, error);
  }
  if (error instanceof TaskNotFoundError) return told(404, 'task_not_found', 'Task not found', error);
  if (error instanceof TaskNotCancelableError) return told(409, 'task_ended', error.message, error);
  if (error instanceof UnsupportedOperationError) return told(409, 'task_not_waiting', error.message, error);
  // That it cannot do at all what its card offers is no fault of the request.
  if ((error as { envelopeCode?: unknown } | undefined)?.envelopeCode === METHOD_NOT_FOUND) {
    return told(502, 'agent_failed', `The agent says: ${(error as Error).message}`, error);
  }
  if (error instanceof RequestMalformedError || error instanceof ContentTypeNotSupportedError) {
    return told(422, 'unprocessable', error.message, error);
  }
  if (error instanceof A2AError) return told(502, 'agent_failed', `The agent says: ${error.message}`, error);
  const cause = causeOf(error);
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof BadAnswer) return told(502, 'agent_failed', cause.message, error);
  if (cause instanceof AddressRefused || cause instanceof OutboundError) {
    const status = cause.message === 'no answer in time' ? 504 : 502;
    return told(
      status,
      status === 504 ? 'agent_timeout' : 'agent_failed',
      `The agent: ${cause.message}`,
      error,
    );
  }
  if (isNamed(error, 'AbortError') || isNamed(cause, 'TimeoutError')) {
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

/** JSON-RPC 2.0, section 5.1. */
const METHOD_NOT_FOUND = -32601;

/** The client wraps what it was given. */
function causeOf(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause !== undefined && !isOurs(current)) current = current.cause;
  return current;
}

const isNamed = (error: unknown, name: string): boolean => (error as Error | undefined)?.name === name;

const isOurs = (error: unknown): boolean =>
  error instanceof AddressRefused ||
  error instanceof OutboundError ||
  error instanceof GatewayError ||
  error instanceof BadAnswer;
