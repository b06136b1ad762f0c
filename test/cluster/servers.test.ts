import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServers } from '../../cluster/servers.ts';
import { startClusterTemporal } from '../../cluster/temporal.ts';
import { type DataDir, lockDataDir } from '../../src/embedded/data-dir.ts';
import { until } from '../support/until.ts';

let folder: string;
let dataDir: DataDir;
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-cluster-'));
  // As root, Postgres runs as another user, who must be able to get in.
  await chmod(folder, 0o711);
  dataDir = await lockDataDir(join(folder, 'data'));
  told = [];
});

afterEach(async () => {
  await dataDir.release();
  await rm(folder, { recursive: true, force: true });
});

const progress = (line: string) => told.push(line);

it('what has begun on a Temporal on Postgres does not go on without it', async () => {
  await writeFile(join(dataDir.path, 'temporal-server.json'), '{}');
  const start = startClusterTemporal({ dataDir, postgresUrl: 'postgresql://', embedded: true, progress });
  await expect(start).rejects.toMatchObject({
    code: 'config',
    message: `${dataDir.path} has its workflows in a Temporal server on Postgres: give another --data, or remove it to begin anew`,
  });
});

it.runIf(process.env.FULL)(
  'servers that are killed come back where they were, with what they had',
  async () => {
    const servers = await startServers({ dataDir, embedded: true, progress });
    try {
      await ask(servers.databaseUrl, 'create table kept as select 1');
      for (const pid of Object.values(servers.pids())) process.kill(pid, 'SIGKILL');
      await until(
        'both are back',
        () => told.filter((line) => line.endsWith('is back')).length === 2 || undefined,
      );
      expect(await ask(servers.databaseUrl, 'select * from kept')).toBe(1);
      const connection = await Connection.connect({ address: servers.temporalAddress });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
    } finally {
      await servers.stop();
    }
  },
);

async function ask(databaseUrl: string, statement: string): Promise<number | null> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount;
  } finally {
    await client.end();
  }
}
