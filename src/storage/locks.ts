import type { PrismaClient } from './generated/client.ts';

/**
 * Statements for the head of a transaction, after which only one transaction goes on for each of these names: what
 * comes after sees what those before it have done. Whoever names several names them in one order.
 */
export const lockedUntilCommit = (db: PrismaClient, names: readonly string[]) =>
  names.map((name) => db.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
