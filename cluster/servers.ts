import { setTimeout as delay } from 'node:timers/promises';
import type { DataDir } from '../src/embedded/data-dir.ts';
import { messageOf } from '../src/errors.ts';
import { startEmbeddedPostgres } from '../src/storage/embedded-postgres.ts';
import { startProxy } from '../test/support/proxy.ts';
import { type ClusterTemporal, startClusterTemporal } from './temporal.ts';

export interface ClusterServers {
  databaseUrl: string;
  temporalAddress: string;
  temporalKind: ClusterTemporal['kind'];
  /** Of the processes that run now. */
  pids(): { postgres: number; temporal: number };
  stop(): Promise<void>;
}

export interface ClusterServersOptions {
  dataDir: DataDir;
  /** Temporal is to be the embedded one, whether or not there is another. */
  embedded: boolean;
  /** Hears what becomes of them. */
  progress(line: string): void;
}

/** Postgres and Temporal, started again when they end, each at an address that stays the same. */
export async function startServers(options: ClusterServersOptions): Promise<ClusterServers> {
  const { dataDir, embedded, progress } = options;
  let databaseUrl = '';
  const postgres = await keepUp('postgres', progress, async () => {
    const server = await startEmbeddedPostgres({ dataDir });
    databaseUrl = server.url;
    return { ...server, address: new URL(server.url).host };
  });
  const url = new URL(databaseUrl);
  url.host = postgres.address;
  let temporalKind: ClusterTemporal['kind'] = 'embedded';
  try {
    const temporal = await keepUp('temporal', progress, async () => {
      const server = await startClusterTemporal({ dataDir, postgresUrl: url.href, embedded, progress });
      temporalKind = server.kind;
      return server;
    });
    const stop = async () => {
      await temporal.stop();
      await postgres.stop();
    };
    const pids = () => ({ postgres: postgres.pid(), temporal: temporal.pid() });
    return { databaseUrl: url.href, temporalAddress: temporal.address, temporalKind, pids, stop };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

interface Server {
  address: string;
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

/** Of its own start a failure is told to the caller; of a later one to `progress`, and it is tried again. */
async function keepUp(
  name: string,
  progress: (line: string) => void,
  start: () => Promise<Server>,
): Promise<{ address: string; pid(): number; stop(): Promise<void> }> {
  let server = await start();
  const proxy = await startProxy(server.address);
  let over = false;
  const kept = (async () => {
    for (;;) {
      const reason = await server.exited;
      if (over) return;
      proxy.close();
      progress(`${name} ended (${reason.slice(0, 200)}); it is started again`);
      server = await again(name, progress, start);
      proxy.target = server.address;
      proxy.open();
      if (over) return;
      progress(`${name} is back`);
    }
  })();
  return {
    address: proxy.address,
    pid: () => server.pid,
    stop: async () => {
      over = true;
      await server.stop();
      await kept;
      await server.stop();
      await proxy.stop();
    },
  };
}

async function again(
  name: string,
  progress: (line: string) => void,
  start: () => Promise<Server>,
): Promise<Server> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      progress(`${name} does not start: ${messageOf(error)}`);
      await delay(1_000);
    }
  }
}
