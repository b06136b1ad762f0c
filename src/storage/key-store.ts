import { keyInUse } from '../errors.ts';
import type { Claim, KeptAnswer, KeyRecord, KeyScope, KeyStore } from '../idempotency/ports.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

/** For so long a request is taken to be at work on its key; after that another try may go on with it. */
const HELD = Prisma.sql`interval '10 seconds'`;
const KEPT = Prisma.sql`interval '24 hours'`;

/** The insertion of a key, which gives its id; nothing when it is there already. */
export const insertKey = (
  { caller, route, key, id, fingerprint }: Claim,
  receiptId: string | null,
): Prisma.Sql => Prisma.sql`
  insert into idempotency_key as k (caller, route, key, id, fingerprint, receipt_id, held_until, expires_at)
  values (${caller}, ${route}, ${key}, ${id}::uuid, ${fingerprint}, ${receiptId}::uuid, now() + ${HELD}, now() + ${KEPT})
  on conflict (caller, route, key) do update set
    id = excluded.id, fingerprint = excluded.fingerprint, receipt_id = excluded.receipt_id,
    held_until = excluded.held_until, expires_at = excluded.expires_at, done = null, status = null, headers = null,
    body = null
  where k.expires_at < now()
  returning id`;

/** A further try of a call has a receipt of its own: the key's row follows it. */
export const pointKey = (claim: Claim, receiptId: string): Prisma.Sql => Prisma.sql`
  update idempotency_key k set receipt_id = ${receiptId}::uuid where ${isOf(claim)} returning id`;

const isAt = ({ caller, route, key }: KeyScope): Prisma.Sql =>
  Prisma.sql`k.caller = ${caller} and k.route = ${route} and k.key = ${key}`;
const isOf = (claim: Claim): Prisma.Sql => Prisma.sql`${isAt(claim)} and k.id = ${claim.id}::uuid`;

/**
 * Notes under its key what work came to, in the transaction of the work: either both are there or neither.
 * @throws HostError `key_in_use` when another try has done it meanwhile: the transaction must fail.
 */
export async function noteDone(
  db: Pick<PrismaClient, '$executeRaw'>,
  claim: Claim | undefined,
  done: unknown,
): Promise<void> {
  if (claim === undefined) return;
  const noted = await db.$executeRaw`
    update idempotency_key k set done = ${JSON.stringify(done)}::json
    where ${isOf(claim)} and k.done is null and k.status is null`;
  if (noted === 0) throw keyInUse();
}

interface KeyRow {
  fingerprint: string;
  id: string;
  receipt_id: string | null;
  held: boolean;
  done: unknown;
  status: number | null;
  headers: Record<string, string> | null;
  body: string | null;
}

/** Idempotency keys in Postgres. */
export class PrismaKeyStore implements KeyStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  find(scope: KeyScope): Promise<KeyRecord | undefined> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<KeyRow[]>`
        select fingerprint, id::text, receipt_id::text, coalesce(held_until > now(), false) as held, done, status, headers,
          body
        from idempotency_key k where ${isAt(scope)} and expires_at >= now()`;
      return row && toRecord(row);
    });
  }

  take(claim: Claim): Promise<boolean> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<object[]>`${insertKey(claim, null)}`;
      return rows.length > 0;
    });
  }

  async takeOver(claim: Claim): Promise<boolean> {
    const count = await this.#run(Prisma.sql`
      update idempotency_key k set held_until = now() + ${HELD}
      where ${isOf(claim)} and status is null and (held_until is null or held_until <= now())`);
    return count > 0;
  }

  async keep(claim: Claim, answer: KeptAnswer): Promise<KeptAnswer> {
    const { status, headers, body } = answer;
    const kept = await this.#run(Prisma.sql`
      update idempotency_key k
      set status = ${status}, headers = ${JSON.stringify(headers)}::json, body = ${body}, held_until = null
      where ${isOf(claim)} and status is null`);
    if (kept > 0) return answer;
    const known = await this.find(claim);
    return known?.answer ?? answer;
  }

  async letGo(claim: Claim): Promise<void> {
    await this.#run(
      Prisma.sql`update idempotency_key k set held_until = null where ${isOf(claim)} and status is null`,
    );
  }

  async forget(claim: Claim): Promise<void> {
    const forgotten = await this.#run(
      Prisma.sql`delete from idempotency_key k where ${isOf(claim)} and status is null and done is null`,
    );
    if (forgotten === 0) await this.letGo(claim);
  }

  #run(statement: Prisma.Sql): Promise<number> {
    return reachable(() => this.#db.$executeRaw(statement));
  }
}

function toRecord({ fingerprint, id, receipt_id, held, done, status, headers, body }: KeyRow): KeyRecord {
  return {
    fingerprint,
    id,
    held,
    ...(receipt_id === null ? {} : { receiptId: receipt_id }),
    ...(done === null ? {} : { done }),
    ...(status === null ? {} : { answer: { status, headers: headers ?? {}, body: body ?? 'null' } }),
  };
}

/** Forgets the keys of yesterday. */
export function forgetKeys(db: PrismaClient): Promise<void> {
  return reachable(async () => {
    await db.$executeRaw`delete from idempotency_key where expires_at < now()`;
  });
}
