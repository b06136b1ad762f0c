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
}

/** All that the record has of one caller. Every method but `lines` is one short statement or transaction. */
export interface CallerData {
  /** Everything, in memory that does not grow with it; secrets are left out. */
  lines(caller: string): AsyncIterable<CallerLine>;
  notYet(caller: string): Promise<NotYet>;
  openTasks(caller: string, limit: number): Promise<OpenTask[]>;
  /** Removes stored credentials and the answers kept for repeated requests. @returns how many. */
  removeKept(caller: string): Promise<number>;
  /** Removes some of the caller's ended tasks that no receipt needs, and files that were theirs alone. */
  removeTasks(caller: string): Promise<{ tasks: number; files: number }>;
  /** Removes requests and results of the caller's receipts that wait for nothing. @returns of how many. */
  removeBodies(caller: string, limit: number): Promise<number>;
}

/** All lines of an export: who is exported, everything, and at its end how many of each kind there were. */
export async function* exportCaller(
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
 * @returns `open` when something has not ended and is not to be canceled; nothing was then removed.
 * @throws HostError `unavailable`.
 */
export async function eraseCaller(
  parts: ErasureParts,
  { caller, cancel, by, from }: Erasure,
): Promise<{ outcome: 'erased'; erased: Erased } | { outcome: 'open'; left: NotYet }> {
  const { data, audit } = parts;
  const before = await data.notYet(caller);
  if (!cancel && before.tasks + before.calls > 0) return { outcome: 'open', left: before };
  const signal = AbortSignal.timeout(ERASE_MS);
  await audit.record({ event: 'caller-erase', caller: by, address: from, detail: { caller, cancel } });
  if (before.tasks > 0) await cancelOpen(parts, caller, signal);
  const removed = { kept: await data.removeKept(caller), tasks: 0, files: 0, receipts: 0 };
  let some: number;
  do {
    const { tasks, files } = await data.removeTasks(caller);
    removed.tasks += tasks;
    removed.files += files;
    some = tasks;
  } while (some > 0 && !signal.aborted);
  do {
    some = await data.removeBodies(caller, BODIES_AT_ONCE);
    removed.receipts += some;
  } while (some > 0 && !signal.aborted);
  const left = await data.notYet(caller);
  const complete = some === 0 && left.tasks + left.calls + left.verdicts === 0 && !signal.aborted;
  if (complete) {
    const { kept, ...counts } = removed;
    const detail = { caller, ...counts, credentials: kept };
    await audit.record({ event: 'caller-erased', caller: by, address: from, detail });
  }
  return { outcome: 'erased', erased: { complete, ...removed, left } };
}

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
