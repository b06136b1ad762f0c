import { messageOf } from '../errors.ts';
import type { ReceiptLedger } from './ledger.ts';
import type { AgentRecords, CallRecord, ReceiptCursor, RunningReceipt, RunningStore } from './ports.ts';
import type { Ending, Receipt } from './receipt.ts';

const AT_ONCE = 500;
/** What `stderr` says of a call whose time is up. */
export const LATE = 'The call has not come to an end within its time';
/** A younger one is still in the hands of the request that opened it. */
const OLDER_THAN_MS = 3_000;
/** An agent that cannot be asked for so long is given up. */
const GIVE_UP_MS = 24 * 3_600_000;

export interface SettleOptions {
  running: RunningStore;
  ledger: ReceiptLedger;
  records: AgentRecords;
  /** After so long a call that its agent has not heard of will not reach it any more. */
  deadAfterMs: number;
  /** After so long no process waits any more for a call to say which task it has become. */
  lostAfterMs: number;
  /** After so long an asynchronous call that has no end has failed. */
  asyncDeadlineMs: number;
  /** Has an asynchronous call made that its agent has not heard of, or followed. May be asked again. */
  begin(receiptId: string): Promise<void>;
}

/** What a sweep did, counted, and what it could not do: one line each, for the next sweep to try again. */
export interface SettleReport {
  settled: number;
  problems: string[];
}

/**
 * Makes receipts final whose call ended without anyone to say so, truthfully: by the agent's own record of the call.
 * None stays `running` for longer than its call, whatever process dies.
 */
export async function settleReceipts(options: SettleOptions): Promise<SettleReport> {
  const report: SettleReport = { settled: 0, problems: [] };
  let after: ReceiptCursor | undefined;
  for (;;) {
    const calls = await options.running.running(OLDER_THAN_MS, AT_ONCE, after);
    const last = calls.at(-1);
    if (last === undefined) return report;
    after = { startedAt: last.receipt.started_at, id: last.receipt.receipt_id };
    await settleCalls(calls, options, report);
    if (calls.length < AT_ONCE) return report;
  }
}

/** The same for these receipts, however young. */
export async function settleCalls(
  calls: RunningReceipt[],
  options: Omit<SettleOptions, 'running'>,
  report: SettleReport,
): Promise<void> {
  // A refused call was never to reach its agent.
  const made = calls.filter(({ receipt }) => receipt.policy.decision === 'allow');
  const records = await options.records.ofCalls(made);
  const settled = calls.map(async (call) => {
    try {
      if (await settleOne(call, records.get(call.receipt.receipt_id), options)) report.settled += 1;
    } catch (error) {
      report.problems.push(`receipt ${call.receipt.receipt_id}: ${messageOf(error)}`);
    }
  });
  await Promise.all(settled);
}

async function settleOne(
  call: RunningReceipt,
  record: CallRecord | undefined,
  { ledger, begin, deadAfterMs, lostAfterMs, asyncDeadlineMs }: Omit<SettleOptions, 'running'>,
): Promise<boolean> {
  const { receipt, ageMs } = call;
  const isAsync = receipt.invoke_mode === 'async';
  const ending = endingOf(receipt, record, {
    dead: !isAsync && ageMs > deadAfterMs,
    lost: ageMs > lostAfterMs,
    givenUp: !isAsync && ageMs > GIVE_UP_MS,
    late: isAsync && ageMs > asyncDeadlineMs,
  });
  if (ending !== undefined) {
    await ledger.finish(ending);
    return true;
  }
  const unmade = record?.record === 'absent' || record?.record === 'followed';
  if (isAsync && unmade && ageMs > OLDER_THAN_MS) await begin(receipt.receipt_id);
  if (record?.record !== 'open' || receipt.task_id !== undefined) return false;
  const { taskId, contextId } = record;
  if (taskId !== undefined && contextId !== undefined) {
    await ledger.noteTask(receipt.receipt_id, { taskId, contextId });
  }
  return false;
}

function endingOf(
  { receipt_id, provider_id, policy }: Receipt,
  record: CallRecord | undefined,
  { dead, lost, givenUp, late }: Record<'dead' | 'lost' | 'givenUp' | 'late', boolean>,
): Ending | undefined {
  const named = { receipt_id, provider_id };
  const failed = (stderr: string): Ending => ({ ...named, status: 'failed', result: { stderr } });
  if (policy.decision === 'refuse') {
    return { ...named, status: 'rejected', result: { stderr: refusalText(policy) } };
  }
  if (late && record?.record !== 'ended') return failed(LATE);
  switch (record?.record) {
    case 'ended': {
      const { taskId, contextId, status, result } = record;
      const task = taskId === undefined ? {} : { task_id: taskId };
      return { ...named, status, result, ...task, context_id: contextId };
    }
    case 'absent':
      return dead ? failed('The call was broken off before it reached the agent') : undefined;
    case 'lost':
      return lost
        ? failed('The call was broken off, and whether it reached the agent is not known')
        : undefined;
    case 'unknown':
      return givenUp ? failed(`What became of the call is not known: ${record.reason}`) : undefined;
    default:
      return undefined;
  }
}

/** What `stderr` of a refused call says. */
const refusalText = ({ code, message }: Receipt['policy']): string => `${code}: ${message}`;
