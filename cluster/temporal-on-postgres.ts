import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { DataDir } from '../src/embedded/data-dir.ts';
import { listenBriefly } from '../src/embedded/free-port.ts';
import { startGuarded } from '../src/embedded/guarded-process.ts';
import { HostError } from '../src/errors.ts';
import { becomeReady, type EmbeddedTemporal, reasonOf } from '../src/temporal/embedded.ts';
import type { TemporalProgram } from './temporal-program.ts';

export interface TemporalOnPostgresOptions {
  program: TemporalProgram;
  dataDir: DataDir;
  /** Of a superuser, in whose server the databases are made. */
  postgresUrl: string;
  /** Created when missing. */
  namespace: string;
}

/** In the data directory of whoever has begun on such a server. */
export const SERVER_FILE = 'temporal-server.json';

const DATABASES = { temporal: 'temporal', visibility: 'temporal_visibility' } as const;
/** Fixed for the life of the databases; more of them share the work better. */
const SHARDS = 128;
/** For gRPC and for finding each other, of each of its four services; and the front's for HTTP. */
const PORTS = 9;
const ALREADY_EXISTS = 6;
const RETENTION = '3 days';

/**
 * Starts the whole Temporal server as it runs in production, with all its services in one process, on databases of its own;
 * returns when it answers for the namespace. It ends with this process, however that ends.
 * @throws Error with the reason when it does not start; nothing is left running.
 */
export async function startTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<EmbeddedTemporal> {
  const { program, dataDir, postgresUrl, namespace } = options;
  const postgres = new URL(postgresUrl);
  for (const [schema, database] of Object.entries(DATABASES)) {
    await prepareDatabase(program, postgres, { schema, database });
  }
  const ports = await freePorts(PORTS);
  const [frontend = 0] = ports;
  const file = join(dataDir.path, SERVER_FILE);
  // The server reads YAML, of which JSON is a part.
  await writeFile(file, JSON.stringify(configuration(postgres, ports)), { mode: 0o600 });
  const { PATH, HOME } = process.env;
  const server = startGuarded({
    command: program.server,
    args: ['--config-file', file, '--allow-no-auth', 'start'],
    signal: 'SIGTERM',
    env: { PATH, HOME },
  });
  dataDir.remember(server);
  const address = `127.0.0.1:${frontend}`;
  try {
    await ready(server, address, 'temporal-system');
    await register(address, namespace);
    await ready(server, address, namespace);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { address, pid: server.pid, exited: server.exited.then(reasonOf), stop: () => server.stop() };
}

/** Below those that systems give out by themselves: the server keeps its own in a column of 15 bits. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 32_768);
    const isFree = await listenBriefly(port).then(
      () => true,
      () => false,
    );
    if (isFree) ports.add(port);
  }
  return [...ports];
}

async function ready(
  server: Parameters<typeof becomeReady>[0],
  address: string,
  namespace: string,
): Promise<void> {
  const failure = await becomeReady(server, address, namespace);
  if (failure) throw new HostError('unavailable', `The Temporal server did not start: ${failure.reason}`);
}

/** Each step does nothing where it was done before. */
async function prepareDatabase(
  { sqlTool }: TemporalProgram,
  { hostname, port, username, password }: URL,
  { schema, database }: { schema: string; database: string },
): Promise<void> {
  const run = promisify(execFile);
  const env = {
    PATH: process.env.PATH,
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: hostname,
    SQL_PORT: port,
    SQL_USER: decodeURIComponent(username),
    SQL_PASSWORD: decodeURIComponent(password),
    SQL_DATABASE: database,
  };
  const steps = [
    ['create-database'],
    ['setup-schema', '--version', '0.0'],
    ['update-schema', '--schema-name', `postgresql/v12/${schema}`],
  ];
  for (const args of steps) await run(sqlTool, args, { env });
}

function configuration({ hostname, port, username, password }: URL, ports: number[]): object {
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `${hostname}:${port}`,
      connectProtocol: 'tcp',
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const [frontend, http, ...others] = ports;
  const service = (at: number, more = {}) => ({
    rpc: { grpcPort: others[at], membershipPort: others[at + 1], bindOnLocalHost: true, ...more },
  });
  return {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: {
        // Each of the four services opens so many.
        default: store(DATABASES.temporal, 15),
        visibility: store(DATABASES.visibility, 3),
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: {
        rpc: { grpcPort: frontend, httpPort: http, membershipPort: others[6], bindOnLocalHost: true },
      },
      matching: service(0),
      history: service(2),
      worker: service(4),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
  };
}

async function register(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION),
    });
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
  } finally {
    await connection.close();
  }
}
