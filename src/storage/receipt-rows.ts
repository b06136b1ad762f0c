import type { Checkpoint } from '../receipts/checkpoint.ts';
import type { RecordedChain, RunningReceipt } from '../receipts/ports.ts';
import type { Link, Place, Receipt, ReceiptResult, StoredReceipt } from '../receipts/receipt.ts';
import { Prisma } from './generated/client.ts';

/** A receipt as one row of the statements in this folder. */
export interface ReceiptRow {
  id: string;
  agent_id: string;
  provider_id: string;
  caller: string;
  invoke_mode: Receipt['invoke_mode'];
  status: Receipt['status'];
  verification: Receipt['verification'];
  request_digest: string;
  result_digest: string | null;
  cost_units: number;
  policy: Receipt['policy'];
  started_at: Date;
  completed_at: Date | null;
  task_id: string | null;
  context_id: string | null;
  sequence: bigint | null;
  previous_id: string | null;
  previous_hash: string | null;
  signature: string | null;
  trace_id: string | null;
}

export type StoredRow = ReceiptRow & {
  request: StoredReceipt['request'] | null;
  result: ReceiptResult | null;
};

/** A ReceiptRow's columns of a receipt `r`. */
export const RECEIPT_COLUMNS = Prisma.sql`
  r.id::text, r.agent_id, r.provider_id, r.caller, r.invoke_mode, r.status, r.verification, r.request_digest,
  r.result_digest, r.cost_units, r.policy, r.started_at, r.completed_at, r.task_id, r.context_id, r.sequence,
  r.previous_id::text, r.previous_hash, r.signature, r.trace_id`;

export function toReceipt(row: ReceiptRow): Receipt {
  return {
    receipt_id: row.id,
    agent_id: row.agent_id,
    provider_id: row.provider_id,
    caller: row.caller,
    invoke_mode: row.invoke_mode,
    status: row.status,
    verification: row.verification,
    request_digest: row.request_digest,
    cost_units: row.cost_units,
    policy: row.policy,
    started_at: row.started_at.toISOString(),
    ...(row.task_id === null ? {} : { task_id: row.task_id }),
    ...(row.context_id === null ? {} : { context_id: row.context_id }),
    ...(row.completed_at === null ? {} : { completed_at: row.completed_at.toISOString() }),
    ...(row.result_digest === null ? {} : { result_digest: row.result_digest }),
    ...(row.sequence === null ? {} : { sequence: Number(row.sequence), previous: previousOf(row) }),
    ...(row.signature === null ? {} : { signature: row.signature }),
    ...(row.trace_id === null ? {} : { trace_id: row.trace_id }),
  };
}

const previousOf = ({ previous_id, previous_hash }: ReceiptRow): Link | null =>
  previous_id === null ? null : { receipt_id: previous_id, hash: String(previous_hash) };

export const toStored = (row: StoredRow): StoredReceipt => ({
  receipt: toReceipt(row),
  ...(row.request && { request: row.request }),
  ...(row.result && { result: row.result }),
});

/** Of a receipt that is running. */
export type RunningRow = ReceiptRow & {
  message_id: string;
  age_ms: number;
  sent: boolean;
  secret: string | null;
  auth_context_id: string | null;
};

/** Postgres reads nothing of JSON that holds what its texts cannot: one such request would stand in the way of all. */
export const RUNNING_COLUMNS = Prisma.sql`
  ${RECEIPT_COLUMNS}, r.message_id, r.sent_at is not null as sent, r.secret,
  case when r.request::text !~* '\\\\u(0000|d[89a-f])' then r.request->>'auth_context_id' end as auth_context_id,
  (extract(epoch from clock_timestamp() - r.started_at) * 1000)::float8 as age_ms`;

export const toRunning = (row: RunningRow): RunningReceipt => ({
  receipt: toReceipt(row),
  messageId: row.message_id,
  ageMs: row.age_ms,
  sent: row.sent,
  ...(row.secret === null ? {} : { secret: row.secret }),
  ...(row.auth_context_id === null ? {} : { authContextId: row.auth_context_id }),
});

export interface ChainRow {
  provider_id: string;
  sequence: bigint;
  receipt_id: string | null;
  hash: string | null;
  cut_sequence: bigint | null;
  cut_receipt_id: string | null;
  cut_hash: string | null;
  /** What was signed when it was cut last. */
  cut_checkpoint: Checkpoint | null;
}

/** A ChainRow's columns of a chain `c`. */
export const CHAIN_COLUMNS = Prisma.sql`
  c.provider_id, c.sequence, c.receipt_id::text, c.hash, c.cut_sequence, c.cut_receipt_id::text, c.cut_hash,
  (select k.checkpoint from receipt_checkpoint k where k.provider_id = c.provider_id
   order by k.id desc limit 1) as cut_checkpoint`;

/** Undefined while the sequence is empty. */
export function headOf({
  sequence,
  receipt_id,
  hash,
}: Pick<ChainRow, 'sequence' | 'receipt_id' | 'hash'>): Place | undefined {
  if (receipt_id === null || hash === null) return undefined;
  return { sequence: Number(sequence), receipt_id, hash };
}

export function toChain(row: ChainRow): RecordedChain | undefined {
  const head = headOf(row);
  if (head === undefined) return undefined;
  const { provider_id, cut_sequence, cut_receipt_id, cut_hash, cut_checkpoint } = row;
  const isCut = cut_sequence !== null && cut_receipt_id !== null && cut_hash !== null;
  if (!isCut && cut_checkpoint === null) return { provider_id, head };
  return {
    provider_id,
    head,
    cut: {
      provider_id,
      ...(isCut && { place: { sequence: Number(cut_sequence), receipt_id: cut_receipt_id, hash: cut_hash } }),
      ...(cut_checkpoint !== null && { checkpoint: cut_checkpoint }),
    },
  };
}
