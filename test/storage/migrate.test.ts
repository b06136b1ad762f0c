import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DataDir, lockDataDir } from '../../src/embedded/data-dir.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import { migrate } from '../../src/storage/migrate.ts';

const SHIPPED = fileURLToPath(new URL('../../prisma', import.meta.url));

let root: string;
let dataDir: DataDir;
let postgres: EmbeddedPostgres;
let databases = 0;
/** Fresh for each test. */
let url: string;
let prismaDir: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  await chmod(root, 0o755);
  dataDir = await lockDataDir(join(root, 'data'));
  postgres = await startEmbeddedPostgres({ dataDir });
}, 60_000);

afterAll(async () => {
  await postgres?.stop();
  await dataDir?.release();
  await rm(root, { recursive: true, force: true });
});

beforeEach(async () => {
  const name = `migrate_${++databases}`;
  await query(postgres.url, `CREATE DATABASE ${name}`);
  url = postgres.url.replace(/agent_host$/, name);
  prismaDir = join(root, name);
  await mkdir(join(prismaDir, 'migrations'), { recursive: true });
});

async function query(target: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: target });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(prismaDir, 'migrations', name), { recursive: true });
  await writeFile(join(prismaDir, 'migrations', name, 'migration.sql'), sql);
}

describe('migrate', { timeout: 20_000 }, () => {
  test('applies what is missing, in order, as Prisma records it, and nothing twice', async () => {
    await addMigration('2_b', 'ALTER TABLE a ADD COLUMN second int;');
    await addMigration('1_a', 'CREATE TABLE a (first int);');
    expect(await migrate(url, prismaDir)).toEqual({ applied: ['1_a', '2_b'] });
    expect(await migrate(url, prismaDir)).toEqual({ applied: [] });
    await addMigration('3_c', 'ALTER TABLE a ADD COLUMN third int;');
    expect(await migrate(url, prismaDir)).toEqual({ applied: ['3_c'] });
    const rows = await query(url, 'SELECT migration_name FROM _prisma_migrations ORDER BY started_at');
    expect(rows.map((row) => row.migration_name)).toEqual(['1_a', '2_b', '3_c']);
  });

  test('applies the shipped migrations', async () => {
    const { applied } = await migrate(url, SHIPPED);
    expect(applied.length).toBeGreaterThan(0);
    expect(await migrate(url, SHIPPED)).toEqual({ applied: [] });
  });

  test('sends a script whole: functions and strings may hold semicolons', async () => {
    const body = `BEGIN RETURN 'x;y'; END`;
    await addMigration(
      '1_f',
      `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ ${body}; $$; SELECT 1;`,
    );
    expect(await migrate(url, prismaDir)).toEqual({ applied: ['1_f'] });
    expect(await query(url, 'SELECT f()')).toEqual([{ f: 'x;y' }]);
  });

  test('lets hosts that start at once take turns', async () => {
    await addMigration('1_a', 'CREATE TABLE a (i int); SELECT pg_sleep(0.1);');
    const results = await Promise.all([1, 2, 3].map(() => migrate(url, prismaDir)));
    expect(results.flatMap(({ applied }) => applied)).toEqual(['1_a']);
  });

  test('names a migration that fails, and refuses the database until that is resolved', async () => {
    await addMigration('1_a', 'CREATE TABLE a (i int);');
    await addMigration('2_bad', 'CREATE TABLE b (i int); SELECT nonsense;');
    await expect(migrate(url, prismaDir)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/^Database migration 2_bad failed: .*nonsense$/),
    });
    expect(await query(url, `SELECT to_regclass('b') AS b`)).toEqual([{ b: null }]);
    await expect(migrate(url, prismaDir)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('prisma migrate resolve --rolled-back 2_bad'),
    });
  });

  test('applies again what a killed host left half-way', async () => {
    await addMigration('1_a', 'CREATE TABLE a (i int);');
    await migrate(url, prismaDir);
    await query(url, 'DROP TABLE a');
    await query(url, 'UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0');
    expect(await migrate(url, prismaDir)).toEqual({ applied: ['1_a'] });
    expect(await query(url, 'SELECT * FROM a')).toEqual([]);
  });

  test('refuses a database that a newer version has used', async () => {
    await addMigration('1_a', 'CREATE TABLE a (i int);');
    await addMigration('2_newer', 'CREATE TABLE b (i int);');
    await migrate(url, prismaDir);
    await rm(join(prismaDir, 'migrations', '2_newer'), { recursive: true });
    await expect(migrate(url, prismaDir)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('unknown migrations: 2_newer'),
    });
  });

  test('refuses a migration that was changed after it had been applied', async () => {
    await addMigration('1_a', 'CREATE TABLE a (i int);');
    await migrate(url, prismaDir);
    await addMigration('1_a', 'CREATE TABLE a (i text);');
    await expect(migrate(url, prismaDir)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('migration 1_a was changed'),
    });
  });

  test('says when the database is not there, without its password', async () => {
    const nowhere = 'postgresql://someone:secret@127.0.0.1:1/none';
    await addMigration('1_a', 'SELECT 1;');
    await expect(migrate(nowhere, prismaDir)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.not.stringContaining('secret'),
    });
  });
});
