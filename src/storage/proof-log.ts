import type { ProofLog } from '../auth/oidc/dpop.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** The DPoP proofs seen, in Postgres: each counts once, whichever process it comes to. */
export class PrismaProofLog implements ProofLog {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  first(digest: Uint8Array, until: Date): Promise<boolean> {
    return reachable(async () => {
      const noted = await this.#db.$executeRaw`
        insert into dpop_proof (digest, expires_at) values (${Buffer.from(digest)}, ${until})
        on conflict do nothing`;
      return noted === 1;
    });
  }
}

/** Forgets the proofs that are too old to be taken anyway. */
export const forgetProofs = (db: PrismaClient): Promise<void> =>
  reachable(async () => {
    await db.$executeRaw`delete from dpop_proof where expires_at < now()`;
  });
