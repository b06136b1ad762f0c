import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { MinuteCounter } from '../auth/limits/request-limits.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

const MINUTE_S = 60;

/** Requests a minute in Postgres; while it is away each process counts for itself. */
export function rateCounter(
  db: PrismaClient,
  { name, limit }: { name: string; limit: number },
): MinuteCounter {
  const options = { keyPrefix: name, points: limit, duration: MINUTE_S };
  const limiter = new RateLimiterPostgres({
    ...options,
    storeClient: poolOf(db),
    storeType: 'pool',
    tableName: 'rate_limit',
    tableCreated: true,
    // The purge does it.
    clearExpiredByTimeout: false,
    insuranceLimiter: new RateLimiterMemory(options),
  });
  return {
    limit,
    take: async (key, wanted) => {
      const result = await limiter.consume(key, wanted).catch((refused: unknown) => {
        if (refused instanceof RateLimiterRes) return refused;
        throw refused;
      });
      const over = Math.max(0, result.consumedPoints - limit);
      return { granted: Math.max(0, wanted - over), endsInMs: result.msBeforeNext };
    },
  };
}

/** Forgets the minutes that have passed. */
export const forgetMinutes = (db: PrismaClient): Promise<void> =>
  reachable(async () => {
    await db.$executeRaw`delete from rate_limit where expire < ${Date.now() - MINUTE_S * 1_000}::bigint`;
  });

/** As much of a pool of `pg` as the limiter uses: its statements go the way of all others. */
const poolOf = (db: PrismaClient) => ({
  query: async ({ text, values = [] }: { text: string; values?: unknown[] }) => {
    const rows = await db.$queryRawUnsafe<{ points: number; expire: bigint | null }[]>(text, ...values);
    return {
      rows: rows.map(({ points, expire }) => ({ points, expire: expire === null ? null : Number(expire) })),
    };
  },
});
