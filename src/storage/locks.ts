import { HostError } from '../errors.ts';
import type { PrismaClient } from './generated/client.ts';

/**
 * Statements for the head of a transaction, after which only one transaction goes on for each of these names: what
 * comes after sees what those before it have done. Whoever names several names them in one order.
 */
export const lockedUntilCommit = (db: PrismaClient, names: readonly string[]) =>
  names.map((name) => db.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);

/**
 * Does work that one process at a time may do, on a database of one connection.
 * @throws HostError `unavailable` when another is at it.
 */
export async function alone<T>(db: PrismaClient, name: string, work: () => Promise<T>): Promise<T> {
  const [row] = await db.$queryRaw<{ taken: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended(${name}, 0)) as taken`;
  if (!row?.taken) throw new HostError('unavailable', `${name}: another process is at it`);
  try {
    return await work();
  } finally {
    await db.$queryRaw`select pg_advisory_unlock(hashtextextended(${name}, 0))`;
  }
}
