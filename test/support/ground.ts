import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataDir, lockDataDir } from '../../src/embedded/data-dir.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../../src/temporal/embedded.ts';
import { startProxy } from './proxy.ts';
import { newSigningKey } from './signing-key.ts';

type End = 'SIGKILL' | 'in good order';

export interface TestGround {
  /** Ends Temporal, by -9 unless said otherwise, and later starts it again, on the same state and at the same address. */
  killTemporal(how?: End): Promise<void>;
  reviveTemporal(): Promise<void>;
  killPostgres(how?: End): Promise<void>;
  revivePostgres(): Promise<void>;
  /** Through a proxy, so that they stay the same when a server is killed and revived. */
  databaseUrl: string;
  temporalAddress: string;
  /** The servers' own, for measurements. */
  direct: { databaseUrl: string; temporalAddress: string };
  postgresPid: number;
  temporalPid: number;
  /** What a product needs to stand on this ground. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts a Temporal with its state in this directory, or in this Postgres, under the namespace `default`. */
type StartTemporal = (on: { dataDir: DataDir; postgresUrl: Promise<string> }) => Promise<EmbeddedTemporal>;

const embedded: StartTemporal = ({ dataDir }) => startEmbeddedTemporal({ dataDir, namespace: 'default' });

/** A Postgres and a Temporal of the test's own, for products that share them or outlive each other. */
export async function startGround(startTemporal = embedded): Promise<TestGround> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-ground-'));
  // As root, Postgres runs as another user, who must be able to get in.
  await chmod(folder, 0o711);
  const dataDir = await lockDataDir(join(folder, 'data'));
  const starting = startEmbeddedPostgres({ dataDir });
  const temporalHere = () => startTemporal({ dataDir, postgresUrl: starting.then(({ url }) => url) });
  let [postgres, temporal] = await Promise.all([starting, temporalHere()]);
  const temporalProxy = await startProxy(temporal.address);
  const url = new URL(postgres.url);
  const postgresProxy = await startProxy(url.host);
  url.host = postgresProxy.address;
  return {
    databaseUrl: url.href,
    temporalAddress: temporalProxy.address,
    get postgresPid() {
      return postgres.pid;
    },
    get temporalPid() {
      return temporal.pid;
    },
    direct: { databaseUrl: postgres.url, temporalAddress: temporal.address },
    env: {
      DATABASE_URL: url.href,
      TEMPORAL_ADDRESS: temporalProxy.address,
      SIGNING_KEY: newSigningKey(),
      GATEWAY_SECRET_KEY: randomBytes(32).toString('base64'),
    },
    killTemporal: async (how) => {
      await end(temporal, how);
      temporalProxy.close();
    },
    reviveTemporal: async () => {
      temporal = await temporalHere();
      temporalProxy.target = temporal.address;
      temporalProxy.open();
    },
    killPostgres: async (how) => {
      await end(postgres, how);
      postgresProxy.close();
    },
    revivePostgres: async () => {
      postgres = await startEmbeddedPostgres({ dataDir });
      postgresProxy.target = new URL(postgres.url).host;
      postgresProxy.open();
    },
    stop: async () => {
      await Promise.all([temporalProxy.stop(), postgresProxy.stop()]);
      await temporal.stop();
      await postgres.stop();
      await dataDir.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Server = Pick<EmbeddedPostgres, 'pid' | 'exited' | 'stop'>;

async function end(server: Server, how: End = 'SIGKILL'): Promise<void> {
  if (how === 'SIGKILL') process.kill(server.pid, 'SIGKILL');
  else await server.stop();
  await server.exited;
}
