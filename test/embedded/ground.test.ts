import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection, Client as TemporalClient } from '@temporalio/client';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DataDir, lockDataDir } from '../../src/embedded/data-dir.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { startEmbeddedTemporal } from '../../src/temporal/embedded.ts';
import { gone, startHost, temporaryDir } from './helpers.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withTemporal<T>(
  address: string,
  namespace: string,
  use: (client: TemporalClient) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new TemporalClient({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

const statusOf = (address: string, namespace: string, id: string): Promise<string> =>
  withTemporal(
    address,
    namespace,
    async (client) => (await client.workflow.getHandle(id).describe()).status.name,
  );

/** Where also the user that Postgres runs as under root may come. */
async function openDir(): Promise<string> {
  const dir = await temporaryDir();
  await chmod(dir, 0o755);
  return join(dir, 'data');
}

/** Released when the test ends, whatever is left in it. */
async function lockedDir(): Promise<DataDir> {
  const dataDir = await lockDataDir(await openDir());
  onTestFinished(() => dataDir.release());
  return dataDir;
}

describe('the embedded servers', { timeout: 60_000 }, () => {
  test('end with a host killed -9, and start again with everything that was in them', async () => {
    const dir = await openDir();
    const host = await startHost('ground', dir);
    await query(String(host.report.url), 'CREATE TABLE kept AS SELECT 42 AS answer');
    await withTemporal(String(host.report.address), 'default', (client) =>
      client.workflow.start('unknown', { taskQueue: 'none', workflowId: 'kept' }),
    );
    await host.kill();

    const again = await startHost('ground', dir);
    await gone(host.report.pids);
    expect(await query(String(again.report.url), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await statusOf(String(again.report.address), 'default', 'kept')).toBe('RUNNING');
    await again.kill();
    await gone(again.report.pids);
  });

  test('of Temporal keeps its state and its namespace when the server itself is killed -9', async () => {
    const dataDir = await lockedDir();
    const first = await startEmbeddedTemporal({ dataDir, namespace: 'mine' });
    await withTemporal(first.address, 'mine', (client) =>
      client.workflow.start('unknown', { taskQueue: 'none', workflowId: 'kept' }),
    );
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toContain('SIGKILL');

    const second = await startEmbeddedTemporal({ dataDir, namespace: 'mine' });
    onTestFinished(() => second.stop());
    expect(await statusOf(second.address, 'mine', 'kept')).toBe('RUNNING');
  });
});

describe('the embedded Temporal', { timeout: 60_000 }, () => {
  // Stands for a server that lost a port it had chosen: it panics as often as it is told, then it is the real one.
  async function panicking(times: number): Promise<string> {
    const dir = await temporaryDir();
    const cli = join(dir, 'temporal');
    const real = await findTemporalCli();
    const script = `#!/bin/sh
[ "$1" = server ] || exec ${real} "$@"
[ -e ${dir}/${times} ] && exec ${real} "$@"
n=0; while [ -e ${dir}/$((n += 1)) ]; do :; done; : > ${dir}/$n
echo 'panic: no luck' >&2
n=0; while [ $((n += 1)) -lt 99 ]; do echo "main.go:$n +0x8e" >&2; done
exit 2
`;
    await writeFile(cli, script, { mode: 0o755 });
    return cli;
  }

  test('that dies while it starts is started again', async () => {
    const dataDir = await lockedDir();
    const server = await startEmbeddedTemporal({ dataDir, namespace: 'mine', cli: await panicking(2) });
    onTestFinished(() => server.stop());
    await expect(statusOf(server.address, 'mine', 'none')).rejects.toThrow(/not found/);
  });

  test('that dies each time says why in one line', async () => {
    const dataDir = await lockedDir();
    await expect(
      startEmbeddedTemporal({ dataDir, namespace: 'mine', cli: await panicking(3) }),
    ).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The embedded Temporal did not start: panic: no luck',
    });
  });
});

describe('the embedded Postgres', { timeout: 60_000 }, () => {
  test('is made anew over a cluster half made by a killed host, and keeps its password to itself', async () => {
    const dataDir = await lockedDir();
    await mkdir(join(dataDir.path, 'postgres.new', 'base'), { recursive: true });
    await writeFile(join(dataDir.path, 'postgres.new', 'PG_VERSION'), '18\n');
    await writeFile(join(dataDir.path, 'postgres.password.new'), 'half');
    const { url, stop } = await startEmbeddedPostgres({ dataDir });
    onTestFinished(stop);
    expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'agent_host' }]);
    expect((await stat(join(dataDir.path, 'postgres.password'))).mode & 0o777).toBe(0o600);
    await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
  });

  test('starts although its last pid now belongs to another process, and ends sessions when it stops', async () => {
    const dataDir = await lockedDir();
    const first = await startEmbeddedPostgres({ dataDir });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const file = join(dataDir.path, 'postgres', 'postmaster.pid');
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [process.ppid, ...lines.slice(1)].join('\n'));

    const second = await startEmbeddedPostgres({ dataDir });
    const session = new Client({ connectionString: second.url });
    const errors: Error[] = [];
    session.on('error', (error) => errors.push(error));
    await session.connect();
    await second.stop();
    expect(errors[0]?.message).toContain('terminating connection due to administrator command');
    expect(existsSync(file)).toBe(false);
  });

  test('without its password file says which file is missing', async () => {
    const dataDir = await lockedDir();
    await mkdir(join(dataDir.path, 'postgres'));
    await writeFile(join(dataDir.path, 'postgres', 'PG_VERSION'), '18\n');
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('postgres.password is missing'),
    });
  });

  test.runIf(process.getuid?.() === 0)(
    'under root names the folder that Postgres may not enter',
    async () => {
      const closed = await temporaryDir();
      const dataDir = await lockDataDir(join(closed, 'data'));
      onTestFinished(() => dataDir.release());
      await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
        code: 'config',
        message: expect.stringContaining(`may not enter ${closed}:`),
      });
    },
  );
});
