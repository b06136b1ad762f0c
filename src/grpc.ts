import type { Logger } from 'pino';
import { type AdmissionOptions, grpcCallers } from './a2a/grpc/admission.ts';
import { type GrpcAgents, tenantOf } from './a2a/grpc/arrival.ts';
import { type GrpcListening, listenGrpc } from './a2a/grpc/server.ts';
import type { GrpcInterface } from './agents/cards.ts';
import type { AgentCatalog } from './agents/catalog.ts';
import type { Config } from './config.ts';
import { HostError } from './errors.ts';
import { tracedCall } from './tracing/grpc.ts';

/**
 * Takes the address of gRPC; undefined when there is to be none.
 * @throws HostError `config` naming GRPC_PORT or DEFAULT_AGENT.
 */
export async function takeGrpcAddress(
  { HOST, GRPC_PORT, MAX_BODY, DEFAULT_AGENT }: Config,
  catalog: AgentCatalog,
  log: Logger,
): Promise<GrpcListening | undefined> {
  if (DEFAULT_AGENT !== undefined && catalog.get(DEFAULT_AGENT) === undefined) {
    const code = JSON.stringify(DEFAULT_AGENT);
    throw new HostError('config', `DEFAULT_AGENT: no published agent has the workflow code ${code}`);
  }
  return GRPC_PORT === undefined
    ? undefined
    : listenGrpc({ host: HOST, port: GRPC_PORT, maxBody: MAX_BODY, around: tracedCall, log });
}

/** What the cards say of it. */
export const grpcInterface = (
  { DEFAULT_AGENT }: Config,
  publicUrl: string,
  { port }: GrpcListening,
): GrpcInterface => ({
  address: `${new URL(publicUrl).hostname}:${port}`,
  defaultAgent: DEFAULT_AGENT,
});

/** Who may call, and what is reached. */
export const grpcAgents = (
  { address, defaultAgent, publicUrl }: GrpcInterface & { publicUrl: string },
  {
    callers,
    trustProxy,
    log,
    ...parts
  }: Pick<GrpcAgents, 'agent' | 'requests' | 'capacity' | 'refusals' | 'sendWaitMs'> & {
    trustProxy: AdmissionOptions['trustProxy'];
    callers: Pick<AdmissionOptions, 'authenticator' | 'door' | 'refusals' | 'limits'>;
    log: Logger;
  },
): GrpcAgents => ({
  ...parts,
  defaultAgent,
  callerOf: grpcCallers({
    ...callers,
    url: `${new URL(publicUrl).protocol}//${address}`,
    trustProxy,
    agentOf: (call) => tenantOf(call) || defaultAgent,
    log,
  }),
});
