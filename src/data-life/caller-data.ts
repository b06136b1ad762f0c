import type { AuditLog } from '../auth/audit.ts';

/** One thing of a caller's, of a kind: a line of an export. */
export interface CallerLine {
  kind: string;
  [field: string]: unknown;
}

export interface OpenTask {
  taskId: string;
  agentCode: string;
}

/** What of a caller is not to be removed yet. */
export interface NotYet {
  /** Tasks that have not ended. */
  tasks: number;
  /** Receipts of calls that are running. */
  calls: number;
  /** Receipts that wait for the verifier, who needs their bodies and their tasks. */
  verdicts: number;
  /** Tasks that have ended and are still there: a receipt needs them, or the time of one call was up. */
  ended: number;
}

/** What names the caller and is no erasure's to remove, by its kind in an export. */
export type Staying = 'key' | 'elsewhere' | 'receipt' | 'audit' | 'published' | 'switch' | 'judgement';

/** Why each of them stays. */
const WHY: Record<Staying, string> = {
  key: 'The right to call is withdrawn by revoking it',
  elsewhere: 'Whose a task at an agent elsewhere is stays with its receipt',
  receipt: 'A signed proof, without the request and the result',
  audit: 'The audit log is only ever added to',
  published: 'An agent is the host’s, whoever published it: unpublish it',
  switch: 'Why an agent or a provider was blocked is the host’s record',
  judgement: 'A verdict belongs to the receipt that it is about',
};

/** All that the record has of one caller. Every method but `lines` is one short statement or transaction. */
export interface CallerData {
  /** Everything, in memory that does not grow with it; secrets are left out. */
  lines(caller: string): AsyncIterable<CallerLine>;
  /** How many there are of what an erasure leaves; of the audit log one stands for all. */
  staying(caller: string): Promise<Record<Staying, number>>;
  notYet(caller: string): Promise<NotYet>;
  openTasks(caller: string, limit: number): Promise<OpenTask[]>;
  /** Removes stored credentials and the answers kept for repeated requests. @returns how many. */
  removeKept(caller: string): Promise<number>;
  /** Removes some of the caller's ended tasks that no receipt needs, and files that were theirs alone. */
  removeTasks(caller: string): Promise<{ tasks: number; files: number }>;
  /** Removes some of the caller's files that no task has taken. @returns how many. */
  removeFiles(caller: string): Promise<number>;
  /** Removes requests and results of the caller's receipts that wait for nothing. @returns of how many. */
  removeBodies(caller: string, limit: number): Promise<number>;
}

/**
 * All lines of an export: who is exported, everything, and at its end how many of each kind there were.
 * @returns undefined when nothing is known of such a caller.
 */
export async function exportCaller(
  data: Pick<CallerData, 'lines'>,
  caller: string,
): Promise<AsyncGenerator<CallerLine, void, undefined> | undefined> {
  return (await isKnown(data, caller)) ? allLines(data, caller) : undefined;
}

/** Whether the record names the caller anywhere. */
async function isKnown(data: Pick<CallerData, 'lines'>, caller: string): Promise<boolean> {
  for await (const _line of data.lines(caller)) return true;
  return false;
}

async function* allLines(
  data: Pick<CallerData, 'lines'>,
  caller: string,
): AsyncGenerator<CallerLine, void, undefined> {
  const counts: Record<string, number> = {};
  yield { kind: 'caller', caller, exported_at: new Date().toISOString() };
  for await (const line of data.lines(caller)) {
    counts[line.kind] = (counts[line.kind] ?? 0) + 1;
    yield line;
  }
  yield { kind: 'end', counts };
}

export interface Erasure {
  caller: string;
  /** Open tasks are canceled first. */
  cancel: boolean;
  /** Who erases, and from where, for the audit log. */
  by: string;
  from: string | undefined;
}

/** What was removed now; `complete` when nothing is left to be. */
export interface Erased {
  complete: boolean;
  tasks: number;
  files: number;
  receipts: number;
  kept: number;
  left: NotYet;
  /** What names the caller still, and why; told once it is complete. */
  stays: { kind: Staying; count: number; why: string }[];
}

export interface ErasureParts {
  data: CallerData;
  audit: Pick<AuditLog, 'record'>;
  /** Cancels a task and waits for its end, or until `signal` aborts. */
  cancel(task: OpenTask & { caller: string }, signal: AbortSignal): Promise<void>;
}

/** Longer than that nobody waits for an answer: what is left by then is left to the next call. */
const ERASE_MS = 20_000;
const BODIES_AT_ONCE = 500;
const CANCELED_AT_ONCE = 10;
const CANCELED_IN_A_CALL = 1_000;

/**
 * Removes what the record has of a caller: tasks with all that is theirs, files, stored credentials, kept answers, and
 * what receipts hold of requests and results. Receipts themselves stay, with their digests, their signatures and their
 * places, and so does the audit log, where the erasure is written before it begins and when it is done. Done in part,
 * by its time or a death, it is to be called again.
 * @returns `open` when something has not ended and is not to be canceled, `unknown` when the record names no such
 * caller; nothing was then removed.
 * @throws HostError `unavailable`.
 */
export async function eraseCaller(
  parts: ErasureParts,
  { caller, cancel, by, from }: Erasure,
): Promise<
  { outcome: 'erased'; erased: Erased } | { outcome: 'open'; left: NotYet } | { outcome: 'unknown' }
> {
  const { data, audit } = parts;
  if (!(await isKnown(data, caller))) return { outcome: 'unknown' };
  const before = await data.notYet(caller);
  if (!cancel && before.tasks + before.calls > 0) return { outcome: 'open', left: before };
  const signal = AbortSignal.timeout(ERASE_MS);
  await audit.record({ event: 'caller-erase', caller: by, address: from, detail: { caller, cancel } });
  if (before.tasks > 0) await cancelOpen(parts, caller, signal);
  const removed = { kept: await data.removeKept(caller), tasks: 0, files: 0, receipts: 0 };
  const untilNone = async (remove: () => Promise<number>) => {
    while ((await remove()) > 0 && !signal.aborted);
  };
  await untilNone(async () => {
    const { tasks, files } = await data.removeTasks(caller);
    removed.tasks += tasks;
    removed.files += files;
    return tasks;
  });
  await untilNone(async () => {
    const files = await data.removeFiles(caller);
    removed.files += files;
    return files;
  });
  await untilNone(async () => {
    const bodies = await data.removeBodies(caller, BODIES_AT_ONCE);
    removed.receipts += bodies;
    return bodies;
  });
  const left = await data.notYet(caller);
  const complete = Object.values(left).every((count) => count === 0) && !signal.aborted;
  if (complete) {
    const { kept, ...counts } = removed;
    const detail = { caller, ...counts, credentials: kept };
    await audit.record({ event: 'caller-erased', caller: by, address: from, detail });
  }
  const stays = complete ? reasonsOf(await data.staying(caller)) : [];
  return { outcome: 'erased', erased: { complete, ...removed, left, stays } };
}

const reasonsOf = (staying: Record<Staying, number>): Erased['stays'] =>
  (Object.keys(WHY) as Staying[])
    .map((kind) => ({ kind, count: staying[kind], why: WHY[kind] }))
    .filter(({ count }) => count > 0);

async function cancelOpen(
  { data, cancel }: ErasureParts,
  caller: string,
  signal: AbortSignal,
): Promise<void> {
  const open = (await data.openTasks(caller, CANCELED_IN_A_CALL)).values();
  const worker = async () => {
    for (const task of open) {
      if (!signal.aborted) await cancel({ caller, ...task }, signal);
    }
  };
  await Promise.all(Array.from({ length: CANCELED_AT_ONCE }, worker));
}
