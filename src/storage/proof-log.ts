import type { ProofLog } from '../auth/oidc/dpop.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/**
 * The DPoP proofs seen, in Postgres: each counts once, whichever process it comes to. A crash of Postgres empties the
 * record, and what says since when it is whole goes with it: whoever finds it gone writes the present there.
 */
export class PrismaProofLog implements ProofLog {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  note(digest: Uint8Array, issued: Date, until: Date): ReturnType<ProofLog['note']> {
    return reachable(async () => {
      const noted = await this.#db.$executeRaw`
        insert into dpop_proof (digest, expires_at)
        select ${Buffer.from(digest)}, ${until}
        where exists (select 1 from dpop_record where since <= ${issued})
        on conflict do nothing`;
      if (noted === 1) return 'first';
      await beginRecord(this.#db);
      const whole = await this.#db.dpopRecord.count({ where: { since: { lte: issued } } });
      return whole === 1 ? 'repeated' : 'before';
    });
  }
}

/** Begins it anew where a crash emptied it. */
const beginRecord = (db: PrismaClient) =>
  db.$executeRaw`insert into dpop_record (since) values (clock_timestamp()) on conflict do nothing`;

/** Forgets the proofs that are too old to be taken anyway. */
export const forgetProofs = (db: PrismaClient): Promise<void> =>
  reachable(async () => {
    await db.$executeRaw`delete from dpop_proof where expires_at < now()`;
    await beginRecord(db);
  });
