import type { Logger } from 'pino';
import { type AdmissionOptions, grpcCallers } from './a2a/grpc/admission.ts';
import type { Around } from './a2a/grpc/around.ts';
import { type GrpcAgents, tenantOf } from './a2a/grpc/arrival.ts';
import { type GrpcListening, listenGrpc } from './a2a/grpc/server.ts';
import type { GrpcInterface } from './agents/cards.ts';
import type { AgentCatalog } from './agents/catalog.ts';
import type { Config } from './config.ts';
import { HostError } from './errors.ts';
import { tracedCall } from './tracing/grpc.ts';
import { note, noted } from './web/request-notes.ts';

/**
 * Takes the address of gRPC; undefined when there is to be none.
 * @throws HostError `config` naming GRPC_PORT or DEFAULT_AGENT.
 */
export async function takeGrpcAddress(
  { HOST, GRPC_PORT, MAX_BODY, DEFAULT_AGENT }: Config,
  catalog: AgentCatalog,
  { log, failed }: { log: Logger; failed(surface: string, count: number): void },
): Promise<GrpcListening | undefined> {
  if (DEFAULT_AGENT !== undefined && catalog.get(DEFAULT_AGENT) === undefined) {
    const code = JSON.stringify(DEFAULT_AGENT);
    throw new HostError('config', `DEFAULT_AGENT: no published agent has the workflow code ${code}`);
  }
  return GRPC_PORT === undefined
    ? undefined
    : listenGrpc({ host: HOST, port: GRPC_PORT, maxBody: MAX_BODY, around: told({ log, failed }), log });
}

/** Each call is a step of its trace, and has a line in the log when it has ended. */
export const told =
  ({ log, failed }: { log: Logger; failed(surface: string, count: number): void }): Around =>
  (call, run) =>
    tracedCall(call, (ended) =>
      noted((notes, inTrace) => {
        const began = performance.now();
        run((withError) => {
          const { internalErrors, ...known } = notes;
          const ms = Math.round(performance.now() - began);
          inTrace(() =>
            log.debug({ surface: 'grpc', path: call.path, failed: withError, ms, ...known }, 'answered'),
          );
          if (internalErrors > 0) failed('grpc', internalErrors);
          ended(withError);
        });
      }),
    );

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
): GrpcAgents => {
  const recognise = grpcCallers({
    ...callers,
    url: `${new URL(publicUrl).protocol}//${address}`,
    trustProxy,
    agentOf: (call) => tenantOf(call) || defaultAgent,
    log,
  });
  return {
    ...parts,
    defaultAgent,
    callerOf: async (call) => {
      const caller = await recognise(call);
      note({ caller: caller.id });
      return caller;
    },
  };
};
