import { LRUCache } from 'lru-cache';
import { isFinal } from '../tasks/state.ts';
import type { Task } from '../tasks/task.ts';
import type { PrismaClient } from './generated/client.ts';
import { toTask } from './rows.ts';
import { findTaskRow, isFor, type ReadFor } from './task-queries.ts';

interface Kept {
  task: Task;
  revision: string;
}

interface Question extends Pick<Kept, 'revision'> {
  taskId: string;
  answer(current: boolean): void;
  fail(error: unknown): void;
}

// Postgres uses a revision again after four thousand million transactions.
const KEEP_MS = 3_600_000;

/** A task with fewer messages is read whole, and kept, whatever its reader asks for. */
const SHORT_HISTORY = 100;

/**
 * Reads whole tasks. What was read before is given again if Postgres, asked after the reader came, says that nothing
 * was written since; of a task that has ended it need not be asked. The readers that come while one question is out
 * are asked for together in the next.
 */
export class TaskReader {
  readonly #db: PrismaClient;
  /** Sizes in characters of JSON. */
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: 16_000_000,
    maxEntrySize: 256_000,
    sizeCalculation: ({ task }) => JSON.stringify(task).length,
    ttl: KEEP_MS,
  });
  #questions: Question[] = [];
  #asking = false;
  /** How often all was forgotten. */
  #forgotten = 0;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  /**
   * The task with this id, a UUID, as the record has it at some moment after the call. One that is not for this
   * reader is asked for as one that never was, so that it is told in the same time.
   * @param history how many of its newest messages are needed at least; all when undefined.
   */
  async find(id: string, readFor: ReadFor, history?: number): Promise<Task | undefined> {
    const taskId = id.toLowerCase();
    const kept = this.#kept.get(taskId);
    if (kept !== undefined && isFor(readFor, kept.task)) {
      if (isFinal(kept.task.status.state)) return kept.task;
      if (await this.#isCurrent(taskId, kept.revision)) return kept.task;
    }
    const limit = history === undefined ? undefined : Math.max(history, SHORT_HISTORY);
    const forgotten = this.#forgotten;
    const row = await findTaskRow(this.#db, taskId, readFor, limit);
    if (row === undefined) return undefined;
    const task = toTask(row);
    if (limit !== undefined && task.history.length >= limit) return task;
    // Read before tasks were removed, it may be one of them.
    if (forgotten === this.#forgotten) this.#kept.set(taskId, { task, revision: row.revision });
    return task;
  }

  /** Tasks that had ended were removed: what is kept of any may be of one that is gone. */
  forget(): void {
    this.#forgotten += 1;
    this.#kept.clear();
  }

  #isCurrent(taskId: string, revision: string): Promise<boolean> {
    return new Promise((answer, fail) => {
      this.#questions.push({ taskId, revision, answer, fail });
      if (!this.#asking) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    while (this.#questions.length > 0) {
      const asked = this.#takeQuestions();
      try {
        const written = await this.#writtenSince(asked);
        for (const { taskId, answer } of asked) answer(!written.has(taskId));
      } catch (error) {
        // Those who came meanwhile have waited for this one's deadline: they shall not wait for another.
        for (const { fail } of [...asked, ...this.#takeQuestions()]) fail(error);
      }
    }
    this.#asking = false;
  }

  #takeQuestions(): Question[] {
    const questions = this.#questions;
    this.#questions = [];
    return questions;
  }

  async #writtenSince(asked: readonly Question[]): Promise<Set<string>> {
    const rows = await this.#db.$queryRaw<{ id: string }[]>`
      select k.id::text
      from unnest(${asked.map(({ taskId }) => taskId)}::uuid[],
                  ${asked.map(({ revision }) => revision)}::text[]) k(id, revision)
      left join task t on t.id = k.id
      where t.xmin::text is distinct from k.revision`;
    return new Set(rows.map(({ id }) => id));
  }
}
