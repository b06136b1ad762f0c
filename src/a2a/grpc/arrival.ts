import { VersionNotSupportedError } from '@a2a-js/sdk/errors';
import {
  type A2ARequestHandler,
  ServerCallContext,
  type ServerCallContextBuilder,
  UnauthenticatedUser,
} from '@a2a-js/sdk/server';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Caller } from '../../auth/caller.ts';
import type { Capacity } from '../../auth/limits/capacity.ts';
import type { OpenRequests } from '../../web/open-requests.ts';
import { knownRefusals, type Refusals } from '../blocked.ts';
import { versionOf } from '../dialects.ts';
import { grpcError, toGrpcError } from './status-error.ts';

export type GrpcCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** The agent that a call names, before the SDK has read it; none in v0.3. */
export const tenantOf = ({ request }: GrpcCall): string =>
  (request as { tenant?: string } | undefined)?.tenant ?? '';

/** What gRPC calls reach. */
export interface GrpcAgents {
  /** The agent's methods; undefined when there is no such agent for this caller. */
  agent(code: string, caller: Caller): A2ARequestHandler | undefined;
  /** The agent of calls that name no tenant. */
  defaultAgent?: string | undefined;
  /**
   * Whose call it is.
   * @throws A2AError that gRPC can tell, to refuse it.
   */
  callerOf(call: GrpcCall): Promise<Caller>;
  requests: OpenRequests;
  capacity: Pick<Capacity, 'enter'>;
  refusals: Refusals;
  /** How long a wait that the client has not asked for may take. */
  sendWaitMs: number;
}

/** A call as it came in. */
export interface Arrival {
  call: GrpcCall;
  caller: Caller;
  agents: GrpcAgents;
  code: string;
  agent: A2ARequestHandler;
  dialect: '1.0' | '0.3';
}

const ARRIVAL = 'agent-host.grpc-arrival';

export function arrivalOf(context: ServerCallContext): Arrival {
  const arrival = context.state.get(ARRIVAL);
  if (arrival === undefined) throw new Error('the SDK lost the call context');
  return arrival as Arrival;
}

/** The SDK hands its user on to where the context is made: the only way for the call to get there. */
class ArrivedUser extends UnauthenticatedUser {
  readonly call: GrpcCall;
  readonly caller: Caller;
  readonly agents: GrpcAgents;
  readonly refusalOf: (code: string) => string | undefined;

  constructor(
    arrived: Pick<Arrival, 'call' | 'caller' | 'agents'>,
    refusalOf: (code: string) => string | undefined,
  ) {
    super();
    this.refusalOf = refusalOf;
    this.call = arrived.call;
    this.caller = arrived.caller;
    this.agents = arrived.agents;
  }
}

/** Lets a call in, or refuses it: the SDK's user builder. */
export const admit =
  (agents: () => GrpcAgents | undefined) =>
  async (call: GrpcCall): Promise<ArrivedUser> => {
    const serving = agents();
    if (serving === undefined) throw grpcError('UNAVAILABLE', 'The host is starting; try again');
    if (serving.requests.stopping) throw grpcError('UNAVAILABLE', 'The host is stopping; try again');
    const caller = await serving.callerOf(call);
    return new ArrivedUser({ call, caller, agents: serving }, await knownRefusals(serving.refusals));
  };

/** The SDK's context builder for one version of the service: finds the agent that the tenant names. */
export const contextFor =
  (dialect: '1.0' | '0.3'): ServerCallContextBuilder =>
  ({ user, extensions, requestedVersion, tenant }) => {
    if (!(user instanceof ArrivedUser)) throw new Error('the SDK lost the call');
    checkVersion(requestedVersion, dialect);
    const { call, caller, agents } = user;
    const code = tenant || agents.defaultAgent;
    if (code === undefined) throw grpcError('INVALID_ARGUMENT', 'tenant: is required, it names the agent');
    const agent = agents.agent(code, caller);
    if (agent === undefined) throw grpcError('NOT_FOUND', `There is no agent ${JSON.stringify(code)}`);
    const refused = user.refusalOf(code);
    if (refused !== undefined) throw grpcError('PERMISSION_DENIED', refused);
    const arrival: Arrival = { call, caller, agents, code, agent, dialect };
    return new ServerCallContext({
      user,
      tenant: code,
      requestedVersion: dialect,
      ...(extensions && { requestedExtensions: extensions }),
      state: new Map([[ARRIVAL, arrival]]),
    });
  };

/** Each version has a service of its own: a call may name that version, or none (A2A v1.0 §3.6). */
function checkVersion(named: string | undefined, dialect: '1.0' | '0.3'): void {
  let version: string | undefined;
  try {
    version = versionOf(named);
  } catch (error) {
    throw error instanceof VersionNotSupportedError ? toGrpcError(error) : error;
  }
  if (version === undefined || version === dialect) return;
  throw toGrpcError(new VersionNotSupportedError(`This is the service of A2A version ${dialect}`));
}
