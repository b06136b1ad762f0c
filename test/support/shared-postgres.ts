import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { lockDataDir } from '../../src/embedded/data-dir.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import { migrate } from '../../src/storage/migrate.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers each request with the URL of a database nobody else has. */
    databases: string;
  }
}

/** A Postgres of its own, migrated and empty. */
export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  // As root, Postgres runs as another user, who must be able to get in.
  await chmod(folder, 0o711);
  const dataDir = await lockDataDir(join(folder, 'data'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const stop = async () => {
    await postgres.stop();
    await dataDir.release();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await migrate(postgres.url, resolve(import.meta.dirname, '../../prisma'));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: postgres.url, stop };
}

/** One Postgres for all files of a run, started for the first that asks: each gets a copy of its migrated database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: ReturnType<typeof startPostgres> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let made = 0;
  const copy = async (): Promise<string> => {
    server ??= startPostgres();
    const template = new URL((await server).url);
    const own = new URL(template);
    own.pathname = `/test_${++made}`;
    const admin = new URL(template);
    admin.pathname = '/postgres';
    const client = new Client({ connectionString: admin.href });
    await client.connect();
    await client.query(`CREATE DATABASE ${own.pathname.slice(1)} TEMPLATE ${template.pathname.slice(1)}`);
    await client.end();
    return own.href;
  };
  const door = createServer((_req, res) => {
    // One after the other: nobody may be connected to what is copied.
    last = last.then(copy).then(
      (url) => res.end(url),
      (error) => res.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  project.provide('databases', `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
  return async () => {
    door.close();
    await (await server)?.stop();
  };
}
