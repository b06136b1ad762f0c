/**
 * `npm run cluster -- --port 8042 --data .cluster`: the production shape without containers. The embedded Postgres, a Temporal
 * server on it, two hosts behind a balancer and two workers are processes of this machine.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { lockDataDir } from '../src/embedded/data-dir.ts';
import { listenBriefly } from '../src/embedded/free-port.ts';
import { HostError, messageOf } from '../src/errors.ts';
import { openSecretBox } from '../src/secrets/keys.ts';
import { openKeyFile } from '../src/signing/key-file.ts';
import { type Cluster, startCluster } from './cluster.ts';
import type { MemberListener } from './member.ts';
import { type ClusterServers, startServers } from './servers.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const told = new Promise<void>((done) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
});

try {
  await run(await optionsOf(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}

interface Options {
  port: number;
  data: string;
  embedded: boolean;
}

async function optionsOf(args: string[]): Promise<Options> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8042' },
      data: { type: 'string', default: '.cluster' },
      'embedded-temporal': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HostError('config', `--port: ${values.port} is no port`);
  }
  // Before anything is started.
  await listenBriefly(port).catch((error: unknown) => {
    throw new HostError('config', `--port: ${messageOf(error)}`);
  });
  return { port, data: values.data, embedded: values['embedded-temporal'] };
}

async function run({ port, data, embedded }: Options): Promise<void> {
  const dataDir = await lockDataDir(resolve(data));
  let servers: ClusterServers | undefined;
  let cluster: Cluster | undefined;
  try {
    servers = await startServers({ dataDir, embedded, progress: print });
    // Made as a host would that keeps them itself; here four processes share them.
    await openKeyFile(dataDir.path);
    await openSecretBox(dataDir.path);
    const logs = join(dataDir.path, 'logs');
    await mkdir(logs, { recursive: true, mode: 0o700 });
    cluster = await startCluster(
      {
        DATABASE_URL: servers.databaseUrl,
        TEMPORAL_ADDRESS: servers.temporalAddress,
        SIGNING_KEY_FILE: join(dataDir.path, 'signing-keys.json'),
        GATEWAY_SECRET_KEY_FILE: join(dataDir.path, 'secret-key'),
        DRAIN: '2',
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
      },
      {
        port,
        checkMs: 250,
        hearing: (name) => logTo(join(logs, `${name.replace(' ', '-')}.log`)),
      },
    );
    await show(servers, cluster);
    print(`logs      ${logs}`);
    print(`ready ${cluster.balancer.url}`);
    await told;
  } finally {
    await cluster?.stop();
    await servers?.stop();
    await dataDir.release();
  }
}

function logTo(file: string): MemberListener {
  const log = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return { line: (line) => void log.write(`${line}\n`), problem: print };
}

async function show(servers: ClusterServers, { hosts, workers }: Cluster): Promise<void> {
  const { postgres, temporal } = servers.pids();
  print(`postgres  process ${postgres}, ${new URL(servers.databaseUrl).host}`);
  print(`temporal  process ${temporal}, ${servers.temporalAddress}, ${servers.temporalKind}`);
  for (const member of [...hosts, ...workers]) {
    const { pid, url } = await member.up();
    print(`${member.name.padEnd(9)} process ${pid}${url === 'worker' ? '' : `, ${url}`}`);
  }
}
