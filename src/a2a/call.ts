import { ServerCallContext, UnauthenticatedUser } from '@a2a-js/sdk/server';
import type { Caller } from '../auth/caller.ts';

export type Dialect = '1.0' | '0.3' | '0.1';

/** One request, as the request handler needs to know it beside its parameters. */
export interface Call {
  caller: Caller;
  dialect: Dialect;
  /** Aborts when the client has gone or the host stops. */
  signal: AbortSignal;
  /** How long a send may wait for the task to settle; undefined: as long as it takes, 0: not at all. */
  waitMs: number | undefined;
  /** The task id an older client chose (`tasks/send`). */
  alias?: string;
  /** Every stream event is the whole task. */
  snapshots: boolean;
  /** Told of each extension that is active for this call, before its answer or its first event. */
  onActivated?: ((uri: string) => void) | undefined;
}

const CALL = 'agent-host.call';

/** The SDK's context that carries a call. A tenant is set because without one the SDK makes a context anew. */
export const contextOf = (call: Call, agentCode: string, extensions: string[] = []): ServerCallContext =>
  new ServerCallContext({
    user: new UnauthenticatedUser(),
    tenant: agentCode,
    requestedExtensions: extensions,
    requestedVersion: call.dialect === '1.0' ? '1.0' : '0.3',
    state: new Map([[CALL, call]]),
  });

/** The same for a context that the SDK's transport has made. */
export function putCall(context: ServerCallContext, call: Call): void {
  context.state.set(CALL, call);
}

export function callOf(context: ServerCallContext): Call {
  const call = context.state.get(CALL);
  if (call === undefined) throw new Error('the SDK lost the call context');
  return call as Call;
}

/** Before v0.3 every answer was a task. */
export const takesReply = ({ dialect }: Call): boolean => dialect !== '0.1';
