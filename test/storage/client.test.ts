import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostError } from '../../src/errors.ts';
import { openDatabase, reachable } from '../../src/storage/client.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});

afterAll(() => database.stop());

// One that nobody listens to would end the process, as it does a test that runs.
test('a server that ends its sessions, as a restart does, is away for those who ask, and no error of the process', async () => {
  const db = openDatabase({ url: database.url, poolSize: 5 });
  const uncaught: Error[] = [];
  const note = (error: Error) => void uncaught.push(error);
  process.on('uncaughtException', note);
  const told = new Set<string>();
  let over = false;
  const busy = Array.from({ length: 8 }, async () => {
    while (!over) {
      const work = db.$transaction([db.$executeRaw`select 1`, db.$executeRaw`select pg_sleep(0.002)`]);
      await reachable(() => work).catch((error: Error) => {
        told.add(error instanceof HostError ? error.code : error.message);
        return delay(5);
      });
    }
  });
  for (let round = 0; round < 60; round++) {
    await delay(10);
    await database.prisma.$queryRaw`
      select pg_terminate_backend(pid)::text from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
  }
  over = true;
  await Promise.all(busy);
  await db.$disconnect();
  process.off('uncaughtException', note);
  expect(uncaught).toEqual([]);
  expect([...told]).toEqual(['unavailable']);
});
