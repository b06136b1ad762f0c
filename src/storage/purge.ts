import { eraseExpired } from './auth-contexts.ts';
import type { PrismaClient } from './generated/client.ts';
import { forgetKeys } from './key-store.ts';
import { forgetProofs } from './proof-log.ts';
import { endDrained } from './published-agents.ts';
import { forgetMinutes } from './rate-counter.ts';
import { forgetStreams } from './stream-slots.ts';

/** Removes the rows that hold no longer, and the secrets that have expired. @throws HostError `unavailable`. */
export async function purgeExpired(db: PrismaClient): Promise<void> {
  await forgetProofs(db);
  await forgetMinutes(db);
  await forgetStreams(db);
  await forgetKeys(db);
  await eraseExpired(db);
  await endDrained(db);
}
