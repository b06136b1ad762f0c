import { keyInUse } from '../errors.ts';
import type { Claim } from '../idempotency/ports.ts';
import type {
  ReceiptPage,
  ReceiptQuery,
  ReceiptStore,
  RunningReceipt,
  RunningStore,
  SealedReceipt,
  ToSeal,
} from '../receipts/ports.ts';
import type { FinalReceipt, NewReceipt, Receipt, StoredReceipt } from '../receipts/receipt.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { insertKey, pointKey } from './key-store.ts';
import {
  headOf,
  RECEIPT_COLUMNS,
  type ReceiptRow,
  RUNNING_COLUMNS,
  type RunningRow,
  type StoredRow,
  toReceipt,
  toRunning,
  toStored,
} from './receipt-rows.ts';
import { isUuid } from './uuid.ts';

type Statements = Pick<PrismaClient, '$queryRaw' | '$executeRaw'>;
type Seal = (open: ToSeal) => Promise<SealedReceipt[]>;

/** Bodies of the largest size, a hundred of them, still fit into one statement's time. */
const FINISH_TIMEOUT_MS = 10_000;

/** Receipts in Postgres. */
export class PrismaReceiptStore implements ReceiptStore, RunningStore {
  readonly #db: PrismaClient;
  readonly #traceId: () => string | undefined;

  /** @param traceId of the trace in which a receipt is opened. */
  constructor(db: PrismaClient, traceId: () => string | undefined = () => undefined) {
    this.#db = db;
    this.#traceId = traceId;
  }

  open(
    receipt: Omit<Receipt, 'started_at'>,
    {
      request,
      message_id,
      secret,
      scopes = [],
      claim,
    }: Pick<NewReceipt, 'request' | 'message_id' | 'secret' | 'scopes' | 'claim'>,
  ): Promise<string> {
    const key = claim && keyOf(claim, receipt.receipt_id);
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ started_at: Date }[]>`
        with k as (${key ?? Prisma.sql`select 1`})
        insert into receipt (id, agent_id, provider_id, caller, invoke_mode, status, verification, request_digest,
                             cost_units, policy, task_id, context_id, message_id, request, secret, scopes, trace_id,
                             started_at)
        select ${receipt.receipt_id}::uuid, ${receipt.agent_id}, ${receipt.provider_id}, ${receipt.caller},
                ${receipt.invoke_mode}, 'running', ${receipt.verification}, ${receipt.request_digest},
                ${receipt.cost_units}::int, ${JSON.stringify(receipt.policy)}::json, ${receipt.task_id ?? null},
                ${receipt.context_id ?? null}, ${message_id}, ${JSON.stringify(request)}::json, ${secret ?? null},
                ${scopes}::text[], ${this.#traceId() ?? null}, clock_timestamp()
        from k
        returning started_at`;
      const [row] = rows;
      if (row === undefined) throw keyInUse();
      if (claim !== undefined) claim.held = true;
      return row.started_at.toISOString();
    });
  }

  noteTask(receiptId: string, { taskId, contextId }: { taskId: string; contextId: string }): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update receipt set task_id = ${taskId}, context_id = ${contextId}, sent_at = now()
        where id = ${receiptId}::uuid and status = 'running'`;
    });
  }

  finish(providerId: string, receiptIds: string[], seal: Seal): Promise<FinalReceipt[]> {
    return reachable(async () => {
      // Nobody is in the way as a rule, and two statements do; else behind the provider's lock.
      const written = await writeFinal(this.#db, providerId, receiptIds, seal);
      if (written !== 'overtaken') return written;
      return this.#db.$transaction(
        async (tx) => {
          await lockChain(tx, providerId);
          const locked = await writeFinal(tx, providerId, receiptIds, seal);
          if (locked === 'overtaken')
            throw new Error(`the receipts of ${providerId} changed under their lock`);
          return locked;
        },
        { timeout: FINISH_TIMEOUT_MS, maxWait: FINISH_TIMEOUT_MS },
      );
    });
  }

  find(receiptId: string, caller?: string): Promise<StoredReceipt | undefined> {
    if (!isUuid(receiptId)) return Promise.resolve(undefined);
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<StoredRow[]>`
        select ${RECEIPT_COLUMNS}, r.request, r.result from receipt r where r.id = ${receiptId}::uuid`;
      if (row === undefined || (caller !== undefined && row.caller !== caller)) return undefined;
      return toStored(row);
    });
  }

  list(query: ReceiptQuery): Promise<ReceiptPage> {
    const where = Prisma.join(conditionsOf(query), ' and ');
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<ReceiptRow[]>`
        select ${RECEIPT_COLUMNS} from receipt r where ${where}
        order by r.started_at desc, r.id desc limit ${query.limit + 1}`;
      const receipts = rows.slice(0, query.limit).map(toReceipt);
      const last = receipts.at(-1);
      return {
        receipts,
        ...(rows.length > query.limit && last
          ? { next: { startedAt: last.started_at, id: last.receipt_id } }
          : {}),
      };
    });
  }

  ofTask(task: { agentId: string; caller?: string; taskId: string }): Promise<string | undefined> {
    const { agentId, caller, taskId } = task;
    const own = caller === undefined ? Prisma.empty : Prisma.sql`and caller = ${caller}`;
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ id: string }[]>`
        select id::text from receipt
        where agent_id = ${agentId} and task_id = ${taskId} ${own}
        order by started_at limit 1`;
      return rows[0]?.id;
    });
  }

  tasksOf(caller: string, agentId: string, taskIds: string[]): Promise<Set<string>> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ task_id: string }[]>`
        select distinct task_id from receipt
        where agent_id = ${agentId} and task_id = any(${taskIds}::text[]) and caller = ${caller}`;
      return new Set(rows.map(({ task_id }) => task_id));
    });
  }

  running(
    olderThanMs: number,
    limit: number,
    after?: { startedAt: string; id: string },
  ): Promise<RunningReceipt[]> {
    const from =
      after === undefined
        ? Prisma.empty
        : Prisma.sql`and (r.started_at, r.id) > (${after.startedAt}::timestamptz, ${after.id}::uuid)`;
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<RunningRow[]>`
        select ${RUNNING_COLUMNS} from receipt r
        where r.status = 'running' and r.started_at < now() - make_interval(secs => ${olderThanMs / 1000}) ${from}
        order by r.started_at, r.id limit ${limit}`;
      return rows.map(toRunning);
    });
  }
}

function conditionsOf(query: ReceiptQuery): Prisma.Sql[] {
  const conditions = [Prisma.sql`true`];
  const { caller, agentId, providerId, status, verification, invokeMode, cursor } = query;
  if (caller !== undefined) conditions.push(Prisma.sql`r.caller = ${caller}`);
  if (agentId !== undefined) conditions.push(Prisma.sql`r.agent_id = ${agentId}`);
  if (providerId !== undefined) conditions.push(Prisma.sql`r.provider_id = ${providerId}`);
  if (status !== undefined) conditions.push(Prisma.sql`r.status = ${status}`);
  if (verification !== undefined) conditions.push(Prisma.sql`r.verification = ${verification}`);
  if (invokeMode !== undefined) conditions.push(Prisma.sql`r.invoke_mode = ${invokeMode}`);
  if (cursor !== undefined) {
    conditions.push(
      Prisma.sql`(r.started_at, r.id) < (${cursor.startedAt}::timestamptz, ${cursor.id}::uuid)`,
    );
  }
  return conditions;
}

/** A key that a try before has written follows this one's receipt. */
const keyOf = (claim: Claim, receiptId: string): Prisma.Sql =>
  claim.held ? pointKey(claim, receiptId) : insertKey(claim, receiptId);

async function lockChain(tx: Statements, providerId: string): Promise<void> {
  await tx.$executeRaw`insert into receipt_chain (provider_id) values (${providerId}) on conflict do nothing`;
  await tx.$queryRaw`select 1 from receipt_chain where provider_id = ${providerId} for update`;
}

/**
 * Reads what is to be sealed, and writes it if nothing of that has changed since: neither the head of the sequence nor
 * that the receipts run. All of it or nothing.
 */
async function writeFinal(
  db: Statements,
  providerId: string,
  receiptIds: string[],
  seal: Seal,
): Promise<FinalReceipt[] | 'overtaken'> {
  const { chain, ...open } = await readOpen(db, providerId, receiptIds);
  if (open.running.length === 0) return [];
  if (chain === 'none') return 'overtaken';
  const sealed = await seal(open);
  const last = sealed.at(-1);
  if (last === undefined) return [];
  const count = await db.$executeRaw`
    with given as (
      select id::uuid, status, completed_at::timestamptz, result_digest, nullif(task_id, '') as task_id,
             nullif(context_id, '') as context_id, sequence::bigint, nullif(previous_id, '')::uuid as previous_id,
             nullif(previous_hash, '') as previous_hash, signature, result::json
      from unnest(${columnsOf(sealed, 'receipt_id')}::text[], ${columnsOf(sealed, 'status')}::text[],
                  ${columnsOf(sealed, 'completed_at')}::text[], ${columnsOf(sealed, 'result_digest')}::text[],
                  ${columnsOf(sealed, 'task_id')}::text[], ${columnsOf(sealed, 'context_id')}::text[],
                  ${columnsOf(sealed, 'sequence')}::text[],
                  ${sealed.map(({ receipt }) => receipt.previous?.receipt_id ?? '')}::text[],
                  ${sealed.map(({ receipt }) => receipt.previous?.hash ?? '')}::text[],
                  ${columnsOf(sealed, 'signature')}::text[],
                  ${sealed.map(({ result }) => JSON.stringify(result))}::text[])
           as g(id, status, completed_at, result_digest, task_id, context_id, sequence, previous_id, previous_hash,
                signature, result)
    ), still as (
      select id from receipt where id in (select id from given) and status = 'running' order by id for update
    ), head as (
      update receipt_chain
      set sequence = ${last.place.sequence}, receipt_id = ${last.place.receipt_id}::uuid, hash = ${last.place.hash}
      where provider_id = ${providerId} and sequence = ${open.head?.sequence ?? 0}
        and (select count(*) from still) = ${sealed.length}
      returning 1
    )
    update receipt r
    set status = g.status, completed_at = g.completed_at, result_digest = g.result_digest, task_id = g.task_id,
        context_id = g.context_id, sequence = g.sequence, previous_id = g.previous_id,
        previous_hash = g.previous_hash, signature = g.signature, result = g.result, secret = null,
        verify_after = case when r.verification = 'pending' then g.completed_at end
    from given g
    where r.id = g.id and exists (select 1 from head)`;
  return count === sealed.length ? sealed.map(({ receipt }) => receipt) : 'overtaken';
}

const columnsOf = (
  sealed: SealedReceipt[],
  field: Exclude<keyof FinalReceipt, 'policy' | 'previous'>,
): string[] => sealed.map(({ receipt }) => String(receipt[field] ?? ''));

/** The running ones of these receipts, what they will follow, and the time. */
async function readOpen(
  db: Statements,
  providerId: string,
  receiptIds: string[],
): Promise<ToSeal & { chain: 'found' | 'none' }> {
  const rows = await db.$queryRaw<
    (ReceiptRow & {
      at: Date;
      head_sequence: bigint | null;
      head_id: string | null;
      head_hash: string | null;
    })[]
  >`
    select ${RECEIPT_COLUMNS}, c.sequence as head_sequence, c.receipt_id::text as head_id, c.hash as head_hash,
           clock_timestamp()::timestamptz(3) as at
    from unnest(${receiptIds}::uuid[]) with ordinality g(id, ordinal)
    join receipt r on r.id = g.id
    left join receipt_chain c on c.provider_id = r.provider_id
    where r.status = 'running' and r.provider_id = ${providerId}
    order by g.ordinal`;
  const [first] = rows;
  const head = first && {
    sequence: first.head_sequence ?? 0n,
    receipt_id: first.head_id,
    hash: first.head_hash,
  };
  return {
    running: rows.map(toReceipt),
    head: head && headOf(head),
    at: (first?.at ?? new Date()).toISOString(),
    chain: first?.head_sequence === null ? 'none' : 'found',
  };
}
