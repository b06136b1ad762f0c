import type { Config } from './config.ts';
import { lockDataDir } from './embedded/data-dir.ts';
import { openDatabase } from './storage/client.ts';
import { startEmbeddedPostgres } from './storage/embedded-postgres.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { migrate, PRISMA_FOLDER } from './storage/migrate.ts';
import { runningPostgresUrl } from './storage/running-postgres.ts';

/**
 * Works on the record beside a host that may be running: on DATABASE_URL, on the embedded Postgres of a running
 * host, or else on one that is started for as long as the work takes. The schema is brought up to date before.
 * @throws HostError `config`, `unavailable`.
 */
export async function withRecord<T>(
  { DATABASE_URL, DATA_DIR }: Config,
  work: (db: PrismaClient) => Promise<T>,
): Promise<T> {
  const url = DATABASE_URL ?? (await runningPostgresUrl(DATA_DIR));
  if (url !== undefined) return onDatabase(url, work);
  const dataDir = await lockDataDir(DATA_DIR);
  try {
    const postgres = await startEmbeddedPostgres({ dataDir });
    try {
      return await onDatabase(postgres.url, work);
    } finally {
      await postgres.stop();
    }
  } finally {
    await dataDir.release();
  }
}

async function onDatabase<T>(url: string, work: (db: PrismaClient) => Promise<T>): Promise<T> {
  await migrate(url, PRISMA_FOLDER);
  const db = openDatabase({ url, poolSize: 1 });
  try {
    return await work(db);
  } finally {
    await db.$disconnect();
  }
}
