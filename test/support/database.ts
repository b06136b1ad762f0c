import { inject } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { startPostgres } from './shared-postgres.ts';

export interface TestDatabase {
  url: string;
  prisma: PrismaClient;
  stop(): Promise<void>;
}

/**
 * A real database of its own for one test file, migrated and empty, gone with the run; `alone` on a server of its own,
 * for what kills it.
 */
export async function startTestDatabase({ alone = false } = {}): Promise<TestDatabase> {
  const server = alone ? await startPostgres() : undefined;
  const url = server?.url ?? (await newDatabase());
  const prisma = openDatabase({ url });
  const stop = async () => {
    await prisma.$disconnect();
    await server?.stop();
  };
  return { url, prisma, stop };
}

async function newDatabase(): Promise<string> {
  const answer = await fetch(inject('databases'));
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
