/**
 * `npm run cluster -- --port 8042 --data .cluster`: the production shape without containers. The embedded Postgres, a Temporal
 * server on it, two hosts behind a balancer and two workers are processes of this machine.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { lockDataDir } from '../src/embedded/data-dir.ts';
import { openSecretBox } from '../src/secrets/keys.ts';
import { openKeyFile } from '../src/signing/key-file.ts';
import { startEmbeddedPostgres } from '../src/storage/embedded-postgres.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { type ClusterTemporal, startClusterTemporal } from './temporal.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8042' },
    data: { type: 'string', default: '.cluster' },
    'embedded-temporal': { type: 'boolean', default: false },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const told = new Promise<void>((done) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
});

const dataDir = await lockDataDir(resolve(values.data));
const postgres = await startEmbeddedPostgres({ dataDir });
let temporal: ClusterTemporal | undefined;
let cluster: Cluster | undefined;
try {
  temporal = await startClusterTemporal({
    dataDir,
    postgresUrl: postgres.url,
    embedded: values['embedded-temporal'],
    progress: print,
  });
  // Made as a host would that keeps them itself; here four processes share them.
  await openKeyFile(dataDir.path);
  await openSecretBox(dataDir.path);
  cluster = await startCluster(
    {
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: temporal.address,
      SIGNING_KEY_FILE: join(dataDir.path, 'signing-keys.json'),
      GATEWAY_SECRET_KEY_FILE: join(dataDir.path, 'secret-key'),
      DRAIN: '2',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    },
    { port: Number(values.port), checkMs: 250 },
  );
  print(`postgres  ${new URL(postgres.url).host}`);
  print(`temporal  ${temporal.address}, ${temporal.kind}`);
  for (const { name, pid, url } of await Promise.all(
    [...cluster.hosts, ...cluster.workers].map(async (member) => ({
      name: member.name,
      ...(await member.up()),
    })),
  ))
    print(`${name.padEnd(9)} process ${pid}${url === 'worker' ? '' : `, ${url}`}`);
  print(`ready ${cluster.balancer.url}`);
  await told;
} finally {
  await cluster?.stop();
  await temporal?.stop();
  await postgres.stop();
  await dataDir.release();
}
