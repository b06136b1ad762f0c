import type { AuditLog } from '../auth/audit.ts';
import { isFinal } from '../tasks/state.ts';
import { TASK_STATES, type TaskState } from '../tasks/task.ts';

/** How long what has ended is kept; for ever where it is not said. */
export interface Retention {
  /** Tasks after their end, with all that is theirs alone. */
  tasksMs?: number | undefined;
  /** Entries of the audit log. */
  auditMs?: number | undefined;
}

/** How far a walk over the tasks of one state has come: oldest first, then by id. */
export interface TaskPlace {
  createdAt: string;
  id: string;
}

/** What of the record goes by age. Every method is one short statement or transaction, by the record's own clock. */
export interface OldRows {
  /**
   * Removes the next tasks of a final state that ended longer ago than this. One whose receipt is running or waits for
   * its verdict, or whose webhook has not heard of its end yet, stays until that is done.
   * @returns how many, and where to go on; `next` is absent when there are no more.
   */
  removeTasks(
    state: TaskState,
    olderThanMs: number,
    after?: TaskPlace,
  ): Promise<{ removed: number; next?: TaskPlace }>;
  /** The beginning of the day that is so long ago, when there are audit entries from before it. */
  entriesBefore(olderThanMs: number): Promise<Date | undefined>;
  /** Removes the oldest audit entries from before a moment, no more than `limit`. @returns how many. */
  removeEntries(before: Date, limit: number): Promise<number>;
}

export interface Removed {
  tasks: number;
  entries: number;
}

const ENTRIES_AT_ONCE = 500;
/** One sweep ends some time; the next goes on. */
const SWEEP_MS = 30_000;

/**
 * Removes what is older than it is kept, oldest first and little at a time: a death in its midst leaves less to be
 * done, and nothing else. That audit entries are removed is itself in the audit log, before it is done.
 * @throws HostError `unavailable`; the next sweep goes on.
 */
export async function removeOld(
  { rows, audit }: { rows: OldRows; audit: Pick<AuditLog, 'record'> },
  { tasksMs, auditMs }: Retention,
): Promise<Removed> {
  const removed: Removed = { tasks: 0, entries: 0 };
  const until = Date.now() + SWEEP_MS;
  const goesOn = () => Date.now() < until;
  if (auditMs !== undefined) {
    const before = await rows.entriesBefore(auditMs);
    if (before !== undefined) {
      await audit.record({ event: 'audit-removed', detail: { before: before.toISOString() } });
      removed.entries = await removeEntries(rows, before, goesOn);
    }
  }
  if (tasksMs === undefined) return removed;
  for (const state of TASK_STATES.filter(isFinal)) {
    let after: TaskPlace | undefined;
    do {
      const page = await rows.removeTasks(state, tasksMs, after);
      removed.tasks += page.removed;
      after = page.next;
    } while (after !== undefined && goesOn());
  }
  return removed;
}

async function removeEntries(rows: OldRows, before: Date, goesOn: () => boolean): Promise<number> {
  let removed = 0;
  let count: number;
  do {
    count = await rows.removeEntries(before, ENTRIES_AT_ONCE);
    removed += count;
  } while (count === ENTRIES_AT_ONCE && goesOn());
  return removed;
}
