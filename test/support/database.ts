import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { lockDataDir } from '../../src/embedded/data-dir.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { migrate } from '../../src/storage/migrate.ts';

export interface TestDatabase {
  url: string;
  prisma: PrismaClient;
  stop(): Promise<void>;
}

/** A real Postgres of its own for one test file, migrated and empty, gone after `stop`. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  // As root, Postgres runs as another user, who must be able to get in.
  await chmod(folder, 0o711);
  const dataDir = await lockDataDir(join(folder, 'data'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const prisma = openDatabase({ url: postgres.url });
  const stop = async () => {
    await prisma.$disconnect();
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
  return { url: postgres.url, prisma, stop };
}
