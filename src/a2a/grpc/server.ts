import { LegacyA2AService, legacyGrpcService } from '@a2a-js/sdk/compat/v0_3/server/grpc';
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc';
import { logVerbosity, Metadata, Server, ServerCredentials, setLogVerbosity, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { CROWDED, CROWDED_RETRY_S } from '../../auth/limits/capacity.ts';
import { urlHost } from '../../auth/loopback.ts';
import { HostError, messageOf } from '../../errors.ts';
import { type Around, eachCall } from './around.ts';
import { admit, contextFor, type GrpcAgents } from './arrival.ts';
import { GrpcRequestHandler } from './request-handler.ts';
import { tellingTrailers } from './trailers.ts';

/** As often as the comments in an SSE stream; a client that does not answer in time is gone. */
const KEEP_ALIVE_MS = 15_000;
const CLOSE_WITHIN_MS = 3_000;

export interface GrpcListening {
  port: number;
  /** Until then calls are UNAVAILABLE. */
  serve(agents: GrpcAgents): void;
  /** Has clients make their next calls on another connection, which may be to another host; calls go on for so long, and a moment more. */
  drain(ms: number): void;
  /** Takes no more calls, waits for the answers under way, bounded. */
  close(): Promise<void>;
}

export interface GrpcOptions {
  host: string;
  port: number;
  /** Bytes of the largest message that is taken. */
  maxBody: number;
  /** Goes on around each call. */
  around: Around;
  log: Logger;
}

/**
 * gRPC (A2A v1.0 §10, and v0.3's service beside it), without TLS: that is a proxy's work. Takes the address at once.
 * @throws HostError `config` naming GRPC_PORT when it cannot be listened on.
 */
export async function listenGrpc({ host, port, maxBody, around, log }: GrpcOptions): Promise<GrpcListening> {
  // It prints beside what it throws.
  setLogVerbosity(logVerbosity.NONE);
  let serving: GrpcAgents | undefined;
  const server = new Server({
    'grpc.max_receive_message_length': maxBody,
    'grpc.keepalive_time_ms': KEEP_ALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEP_ALIVE_MS,
  });
  const requestHandler = new GrpcRequestHandler({ log });
  const userBuilder = admit(() => serving);
  const surrounded = <T extends object>(service: T) =>
    eachCall(
      eachCall(
        tellingTrailers(service),
        withinCapacity(() => serving),
      ),
      around,
    );
  server.addService(
    A2AService,
    surrounded(grpcService({ requestHandler, userBuilder, contextBuilder: contextFor('1.0') })),
  );
  server.addService(
    LegacyA2AService,
    surrounded(legacyGrpcService({ requestHandler, userBuilder, contextBuilder: contextFor('0.3') })),
  );
  const bound = await bind(server, host, port);
  return {
    port: bound,
    serve: (agents) => {
      serving = agents;
    },
    drain: (ms) => server.drain(`${urlHost(host)}:${bound}`, ms + CLOSE_WITHIN_MS),
    close: () => closeServer(server),
  };
}

/** Before anything is done for a call. */
const withinCapacity =
  (serving: () => GrpcAgents | undefined): Around =>
  (_call, run) => {
    const agents = serving();
    if (agents === undefined) {
      run(() => {});
      return undefined;
    }
    const place = agents.capacity.enter();
    if (place === undefined) {
      const metadata = new Metadata();
      metadata.set('retry-after', CROWDED_RETRY_S);
      return { code: status.UNAVAILABLE, details: CROWDED, metadata };
    }
    place.run(() => run(place.end));
    return undefined;
  };

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${urlHost(host)}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(cannotListen(error, port));
    });
  });
}

function cannotListen(error: Error, port: number): HostError {
  const message = messageOf(error);
  const why = message.includes('EADDRINUSE')
    ? 'is in use; stop what uses it or set another GRPC_PORT'
    : `cannot be listened on: ${message}`;
  return new HostError('config', `GRPC_PORT: ${port} ${why}`);
}

async function closeServer(server: Server): Promise<void> {
  const insist = setTimeout(() => server.forceShutdown(), CLOSE_WITHIN_MS);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(insist);
}
