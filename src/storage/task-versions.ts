import type { TaskVersions } from '../invoke/task-stream.ts';
import { applyChange } from '../tasks/state.ts';
import type { Message, Task, TaskChange } from '../tasks/task.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { PrismaPushStore } from './push-store.ts';

const AT_ONCE = 100;

interface Said {
  body: Message;
  /** Of the change that brought it; null of a user's. */
  version: number | null;
  created_at: Date;
}

/** Earlier versions of tasks, by the change log. */
export class PrismaTaskVersions implements TaskVersions {
  readonly #db: PrismaClient;
  readonly #log: PrismaPushStore;

  constructor(db: PrismaClient) {
    this.#db = db;
    this.#log = new PrismaPushStore(db);
  }

  async *after(task: Task, version: number): AsyncGenerator<Task, void> {
    for (let from = version; ; ) {
      const read = await this.#log.changes(task.id, from, { artifacts: true, limit: AT_ONCE });
      if (read === undefined || read.changes.length === 0) return;
      const said = await this.#said(task.id);
      let snapshot = read.task;
      for (const change of read.changes) {
        snapshot = { ...applyChange(snapshot, change), history: historyAt(said, change) };
        yield snapshot;
        from = change.version;
      }
      if (read.changes.length < AT_ONCE) return;
    }
  }

  #said(taskId: string): Promise<Said[]> {
    return reachable(
      () => this.#db.$queryRaw<Said[]>`
        select body, version, created_at from task_message where task_id = ${taskId}::uuid order by id`,
    );
  }
}

/** What had been said when a change was recorded. */
const historyAt = (said: readonly Said[], { version, at }: TaskChange): Message[] =>
  said
    .filter((each) => (each.version === null ? each.created_at <= new Date(at) : each.version <= version))
    .map(({ body }) => body);
