import type { CallTask, CallTasks } from '../gateway/local-records.ts';
import type { RunningReceipt } from '../receipts/ports.ts';
import type { TaskKey, TaskStore } from '../tasks/ports.ts';
import type { Task } from '../tasks/task.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { type TaskRow, toTask } from './rows.ts';
import { selectTasks } from './task-queries.ts';

interface Sent {
  receipt_id: string;
  task_id: string;
  unanswered: boolean;
}

/** The tasks that calls of this host's agents became, by the messages they sent. */
export class PrismaCallTasks implements CallTasks {
  readonly #db: PrismaClient;
  readonly #tasks: Pick<TaskStore, 'find'>;

  constructor(db: PrismaClient, tasks: Pick<TaskStore, 'find'>) {
    this.#db = db;
    this.#tasks = tasks;
  }

  find(key: TaskKey): Promise<Task | undefined> {
    return this.#tasks.find(key);
  }

  ofCalls(calls: RunningReceipt[]): Promise<Map<string, CallTask>> {
    if (calls.length === 0) return Promise.resolve(new Map());
    return reachable(async () => {
      const sent = await this.#sent(calls);
      const ids = [...new Set(sent.map(({ task_id }) => task_id))];
      const rows = await this.#db.$queryRaw<TaskRow[]>`${selectTasks()} where t.id = any (${ids}::uuid[])`;
      const tasks = new Map(rows.map((row) => [row.id, toTask(row)]));
      return new Map(
        sent.flatMap(({ receipt_id, task_id, unanswered }) => {
          const task = tasks.get(task_id);
          return task === undefined ? [] : [[receipt_id, { task, unanswered }] as const];
        }),
      );
    });
  }

  /** A message that may be repeated is found by its key; any other among the tasks that changed since the call. */
  #sent(calls: RunningReceipt[]): Promise<Sent[]> {
    const column = (value: (call: RunningReceipt) => string) => calls.map(value);
    return this.#db.$queryRaw<Sent[]>`
      select g.receipt_id, m.task_id::text,
             m.pending_since is not null or t.status_at < m.created_at as unanswered
      from unnest(${column(({ receipt }) => receipt.receipt_id)}::text[],
                  ${column(({ receipt }) => receipt.caller)}::text[],
                  ${column(({ receipt }) => receipt.agent_id)}::text[],
                  ${column(({ messageId }) => messageId)}::text[],
                  ${column(({ receipt }) => receipt.started_at)}::text[])
           as g(receipt_id, caller, agent_id, message_id, started_at)
      cross join lateral (
        select m.task_id, m.pending_since, m.created_at from task_message m
        where m.owner = g.caller and m.agent_code = g.agent_id and m.dedupe_key = g.message_id
        union all
        select m.task_id, m.pending_since, m.created_at
        from task t join task_message m on m.task_id = t.id
        where t.owner = g.caller and t.agent_code = g.agent_id and t.status_at >= g.started_at::timestamptz
          and m.dedupe_key is null and m.role = 'user' and m.message_id = g.message_id
        limit 1
      ) m
      join task t on t.id = m.task_id`;
  }
}
