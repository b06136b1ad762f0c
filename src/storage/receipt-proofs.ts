import type { Claim } from '../idempotency/ports.ts';
import type { ChainStore, PendingReceipt, RecordedChain, Verdict, VerdictStore } from '../receipts/ports.ts';
import type { Link, StoredReceipt } from '../receipts/receipt.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { noteDone } from './key-store.ts';
import {
  CHAIN_COLUMNS,
  type ChainRow,
  RECEIPT_COLUMNS,
  type StoredRow,
  toChain,
  toStored,
} from './receipt-rows.ts';

/** The same receipts, for those who prove and check them. */
export class PrismaReceiptProofs implements ChainStore, VerdictStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  chains(): Promise<{ at: string; chains: RecordedChain[] }> {
    return reachable(async () => {
      // One row even when there are no sequences yet: the time.
      const rows = await this.#db.$queryRaw<(ChainRow & { at: Date })[]>`
        select clock_timestamp()::timestamptz(3) as at, ${CHAIN_COLUMNS}
        from (select 1) one left join receipt_chain c on c.sequence > 0 order by c.provider_id`;
      const at = (rows[0] as { at: Date }).at.toISOString();
      return { at, chains: rows.flatMap((row) => (row.provider_id === null ? [] : (toChain(row) ?? []))) };
    });
  }

  following(providerId: string, after: number, limit: number): Promise<StoredReceipt[]> {
    return reachable(() => following(this.#db, providerId, after, limit));
  }

  placeAt(providerId: string, sequence: number): Promise<Link | undefined> {
    return reachable(() => placeAt(this.#db, providerId, sequence));
  }

  cut(...[providerId, { moment, limit }, certify]: Parameters<ChainStore['cut']>): Promise<number> {
    return reachable(() =>
      this.#db.$transaction(async (tx) => {
        const [row] = await tx.$queryRaw<(ChainRow & { at: Date })[]>`
          select ${CHAIN_COLUMNS}, clock_timestamp()::timestamptz(3) as at from receipt_chain c
          where c.provider_id = ${providerId} for update`;
        const chain = row && toChain(row);
        if (row === undefined || chain === undefined) return 0;
        const [end] = await tx.$queryRaw<{ sequence: bigint | null }[]>`
          select max(sequence) as sequence from (
            select sequence, bool_and(completed_at < ${moment.toISOString()}::timestamptz)
                               over (order by sequence) as old
            from (select sequence, completed_at from receipt
                  where provider_id = ${providerId} and sequence is not null
                  order by sequence limit ${limit}) oldest
          ) numbered where old`;
        if (end?.sequence == null) return 0;
        const sequence = Number(end.sequence);
        const link = await placeAt(tx, providerId, sequence);
        const [last] = await following(tx, providerId, sequence - 1, 1);
        if (link === undefined || last === undefined) {
          throw new Error(`receipt ${sequence} of ${providerId} is followed by none`);
        }
        const cut = { sequence, ...link };
        const state = { provider_id: providerId, head: chain.head, cut };
        const checkpoint = await certify(row.at.toISOString(), state, last.receipt);
        await tx.$executeRaw`
          insert into receipt_checkpoint (provider_id, checkpoint)
          values (${providerId}, ${JSON.stringify(checkpoint)}::json)`;
        await tx.$executeRaw`
          update receipt_chain set cut_sequence = ${sequence}, cut_receipt_id = ${cut.receipt_id}::uuid,
                                   cut_hash = ${cut.hash}
          where provider_id = ${providerId}`;
        return tx.$executeRaw`
          delete from receipt where provider_id = ${providerId} and sequence <= ${sequence}`;
      }),
    );
  }

  removeBodies(before: Date, limit: number): Promise<number> {
    return reachable(
      () => this.#db.$executeRaw`
        update receipt set request = null, result = null
        where id in (
          select id from receipt
          where (request is not null or result is not null) and completed_at < ${before.toISOString()}::timestamptz
            and verify_after is null
          order by completed_at limit ${limit})`,
    );
  }

  pending(limit: number): Promise<PendingReceipt[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<(StoredRow & { tries: number })[]>`
        select ${RECEIPT_COLUMNS}, r.request, r.result, r.verify_tries as tries from receipt r
        where r.verify_after <= clock_timestamp() order by r.verify_after limit ${limit}`;
      return rows.map((row) => ({ ...toStored(row), tries: row.tries }));
    });
  }

  putOff(receiptId: string, ms: number): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update receipt set verify_after = clock_timestamp() + make_interval(secs => ${ms / 1000}),
                           verify_tries = verify_tries + 1
        where id = ${receiptId}::uuid and verify_after is not null`;
    });
  }

  judge(verdict: Omit<Verdict, 'at'>, onlyPending: boolean, claim?: Claim): Promise<Verdict | undefined> {
    if (claim === undefined) return reachable(() => judged(this.#db, verdict, onlyPending));
    return reachable(() =>
      this.#db.$transaction(async (db) => {
        const given = await judged(db, verdict, onlyPending);
        if (given !== undefined) await noteDone(db, claim, given);
        return given;
      }),
    );
  }

  verdicts(receiptId: string): Promise<Verdict[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<(Omit<Verdict, 'at'> & { at: Date })[]>`
        select receipt_id::text, verification, by, reason, at from receipt_verdict
        where receipt_id = ${receiptId}::uuid order by id desc`;
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    });
  }
}

async function judged(
  db: Pick<PrismaClient, '$queryRaw'>,
  verdict: Omit<Verdict, 'at'>,
  onlyPending: boolean,
): Promise<Verdict | undefined> {
  const { receipt_id, verification, by, reason } = verdict;
  const rows = await db.$queryRaw<{ at: Date }[]>`
    with judged as (
      update receipt set verification = ${verification}, verify_after = null
      where id = ${receipt_id}::uuid and status <> 'running'
        and (not ${onlyPending} or verification = 'pending')
      returning id
    )
    insert into receipt_verdict (receipt_id, verification, by, reason, at)
    select id, ${verification}, ${by}, ${reason}, clock_timestamp() from judged returning at`;
  return rows[0] && { ...verdict, at: rows[0].at.toISOString() };
}

async function following(
  db: Pick<PrismaClient, '$queryRaw'>,
  ...[providerId, after, limit]: Parameters<ChainStore['following']>
): Promise<StoredReceipt[]> {
  const rows = await db.$queryRaw<StoredRow[]>`
    select ${RECEIPT_COLUMNS}, r.request, r.result from receipt r
    where r.provider_id = ${providerId} and r.sequence > ${after}
    order by r.sequence limit ${limit}`;
  return rows.map(toStored);
}

/** The link to a place is what follows it. */
async function placeAt(
  db: Pick<PrismaClient, '$queryRaw'>,
  providerId: string,
  sequence: number,
): Promise<Link | undefined> {
  const [link] = await db.$queryRaw<Link[]>`
    select previous_id::text as receipt_id, previous_hash as hash from receipt
    where provider_id = ${providerId} and sequence = ${sequence + 1} and previous_id is not null
    union all
    select receipt_id::text, hash from receipt_chain
    where provider_id = ${providerId} and sequence = ${sequence} and receipt_id is not null
    limit 1`;
  return link;
}
