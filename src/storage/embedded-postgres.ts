import { Client } from 'pg';
import type { DataDir } from '../embedded/data-dir.ts';
import { freePort } from '../embedded/free-port.ts';
import { type GuardedProcess, startGuarded } from '../embedded/guarded-process.ts';
import { HostError } from '../errors.ts';
import { type Cluster, lastLine, postgresEnvironment, prepareCluster } from './postgres-cluster.ts';

export interface EmbeddedPostgres {
  /** With the password in it: for clients, not for logs. */
  readonly url: string;
  /** Of the server process. */
  readonly pid: number;
  /** Settles when the server ends, asked or not; then says why. */
  readonly exited: Promise<string>;
  /** Ends all sessions and shuts down in good order. */
  stop(): Promise<void>;
}

export const DATABASE = 'agent_host';
const ATTEMPTS = 3;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '512MB',
  log_destination: 'stderr',
  logging_collector: 'off',
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts Postgres on `DATA_DIR/postgres`, on a free port of 127.0.0.1, with the database `agent_host`. It ends with
 * this process, however that ends, and loses nothing that was committed.
 * @throws HostError `config` for what the operator can mend, `unavailable` otherwise; nothing is left running.
 */
export async function startEmbeddedPostgres({ dataDir }: { dataDir: DataDir }): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(dataDir);
  const { server, port } = await startServer(cluster, dataDir);
  const urlOf = (database: string) =>
    `postgresql://postgres:${cluster.password}@127.0.0.1:${port}/${database}`;
  try {
    await ensureDatabase(urlOf('postgres'));
  } catch (error) {
    await server.stop();
    throw error;
  }
  const exited = server.exited.then(({ output }) => explain(output));
  return { url: urlOf(DATABASE), pid: server.pid, exited, stop: () => server.stop() };
}

async function startServer(
  cluster: Cluster,
  dataDir: DataDir,
): Promise<{ server: GuardedProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const { server, ready } = launch(cluster, port);
    dataDir.remember(server);
    const death = await Promise.race([ready, server.exited]);
    if (death === undefined) return { server, port };
    // Somebody took the port first, or the last processes of a killed server are still leaving its memory.
    if (attempt < ATTEMPTS && /in use/.test(death.output)) continue;
    throw new HostError('unavailable', `The embedded Postgres did not start: ${explain(death.output)}`);
  }
}

function launch(cluster: Cluster, port: number): { server: GuardedProcess; ready: Promise<undefined> } {
  let isReady = () => {};
  const ready = new Promise<undefined>((resolve) => {
    isReady = () => resolve(undefined);
  });
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = startGuarded({
    command: cluster.postgres,
    args: ['-D', cluster.path, '-p', String(port), ...settings],
    // Fast shutdown: SIGTERM would wait for every client to leave.
    signal: 'SIGINT',
    env: postgresEnvironment(),
    ...(cluster.owner === undefined ? {} : { user: cluster.owner }),
    onLine: (line) => {
      if (line.includes('database system is ready to accept connections')) isReady();
    },
  });
  return { server, ready };
}

/** The line that says why, not the one after it that says that it shut down. */
function explain(output: string): string {
  const lines = output.split('\n');
  return lines.findLast((line) => /FATAL|PANIC|ERROR|error/.test(line)) ?? lastLine(output);
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
