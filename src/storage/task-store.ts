import type { Projection, Seen } from '../tasks/contract.ts';
import { fileIdsIn } from '../tasks/file-parts.ts';
import type {
  Accepted,
  Appended,
  NewTask,
  PendingDelivery,
  PendingStart,
  Recorded,
  SentMessage,
  TaskKey,
  TaskPage,
  TaskQuery,
  TaskStore,
  WithMessage,
} from '../tasks/ports.ts';
import type { Message, Task } from '../tasks/task.ts';
import { recordChange } from './change-log.ts';
import { isUniqueViolation, reachable } from './client.ts';
import { takingFiles } from './file-links.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { belowLimits, openTasksFull, whileCounted } from './open-tasks.ts';
import { settingPushConfig } from './push-rows.ts';
import { insertRejected } from './rejected-task.ts';
import type { TaskRow } from './rows.ts';
import { knownMessage } from './sent-messages.ts';
import { findTaskByAlias, listTasks, selectTasks } from './task-queries.ts';
import { TaskReader } from './task-reader.ts';
import { isUuid } from './uuid.ts';

// For those who have kept the task: a new `xmin` in its row says that a message came, went or is acknowledged.
const REVISED = Prisma.sql`version = version`;

// A repeated message is one delivery; where repetitions do not count, each row is its own.
const DELIVERY_ID = Prisma.sql`coalesce(m.dedupe_key, m.id::text)`;

// The last report of a workflow; null before the first one.
const SEEN = Prisma.sql`
  case when t.run_id is not null then json_build_object('runId', t.run_id, 'sequence', t.sequence) end`;

/**
 * The record in Postgres. Each method is one statement or one transaction, so that a death at any point leaves all
 * or nothing.
 */
export class PrismaTaskStore implements TaskStore {
  readonly #db: PrismaClient;
  readonly #reader: TaskReader;
  readonly #accepted: (taskId: string) => void;

  /** @param accepted hears of each new task. */
  constructor(db: PrismaClient, accepted: (taskId: string) => void = () => {}) {
    this.#db = db;
    this.#reader = new TaskReader(db);
    this.#accepted = accepted;
  }

  accept(task: NewTask): Promise<Accepted> {
    return reachable(() => this.#accept(task));
  }

  async #accept(task: NewTask): Promise<Accepted> {
    const created = await this.#insert(task);
    if (created !== undefined) {
      this.#accepted(created.id);
      return { outcome: 'created', task: created };
    }
    const known =
      task.digest === null ? undefined : await knownMessage(this.#db, task, task.message.messageId);
    const full = known === undefined ? await openTasksFull(this.#db, task) : undefined;
    if (full !== undefined) return { outcome: 'too-many', whose: full };
    if (known === undefined && task.alias !== undefined) return { outcome: 'alias-taken' };
    // Or what stood in the way is gone meanwhile.
    if (known === undefined || known.expired) return this.#accept(task);
    const found = await this.#reader.find(known.task_id, { owner: task.owner, hidden: true });
    if (found === undefined) return this.#accept(task);
    return { outcome: 'repeated', task: found, digest: known.digest };
  }

  /** Undefined when the message id or the alias is taken. */
  async #insert(task: NewTask): Promise<Task | undefined> {
    const { message } = task;
    const dedupeKey = task.digest === null ? null : message.messageId;
    try {
      const rows = await whileCounted(
        this.#db,
        task,
        this.#db.$queryRaw<{ created_at: Date }[]>`
        with t as (
          insert into task (id, alias, agent_code, owner, context_id, state, metadata, shown, scopes, output_modes)
          select ${task.id}::uuid, ${task.alias ?? null}, ${task.agentCode}, ${task.owner}, ${task.contextId},
                 'submitted', ${JSON.stringify(task.metadata)}::json, ${!task.hidden},
                 ${task.scopes ?? []}::text[], ${task.outputModes ?? null}::text[]
          where not exists (
            select 1 from task_message
            where owner = ${task.owner} and agent_code = ${task.agentCode} and dedupe_key = ${dedupeKey}
          )${belowLimits(task)}
          on conflict (owner, agent_code, alias) do nothing
          returning id, alias, state, version, created_at
        ), m as (
          insert into task_message (task_id, owner, agent_code, message_id, role, body, dedupe_key, digest)
          select id, ${task.owner}, ${task.agentCode}, ${message.messageId}, ${message.role},
                 ${JSON.stringify(message)}::json, ${dedupeKey}, ${task.digest}
          from t
        )${takingFiles(fileIdsIn([message]), Prisma.sql`(select id, ${task.owner} as owner from t)`)}${settingPushConfig(task.pushConfig, Prisma.sql`t`)}
        select created_at from t`,
      );
      const at = rows[0]?.created_at.toISOString();
      return at === undefined ? undefined : newTask(task, at);
    } catch (error) {
      // Two requests with one message id at once: the other one was first.
      if (isUniqueViolation(error)) return undefined;
      throw error;
    }
  }

  sent(from: { owner: string; agentCode: string }, messageId: string): Promise<SentMessage | undefined> {
    return reachable(async () => {
      const known = await knownMessage(this.#db, from, messageId);
      return known === undefined || known.expired ? undefined : { taskId: known.task_id, began: known.began };
    });
  }

  reject(task: NewTask, reason: Message): Promise<Task> {
    return reachable(async () => {
      const rejected = await insertRejected(this.#db, task, reason);
      if (rejected !== undefined) this.#accepted(task.id);
      return rejected ?? ((await this.#reader.find(task.id, { owner: task.owner })) as Task);
    });
  }

  append(task: Task, message: Message, digest: string | null, set: WithMessage = {}): Promise<Appended> {
    return reachable(() => this.#append(task, message, digest, set));
  }

  async #append(task: Task, message: Message, digest: string | null, set: WithMessage): Promise<Appended> {
    // Locked by a statement before, so that this one sees what those before it in the line have inserted.
    const lock = this.#db.$queryRaw<{ seen: Seen | null }[]>`
      update task t set ${REVISED} where id = ${task.id}::uuid returning ${SEEN} as seen`;
    const insert = this.#db.$queryRaw<{ delivery_id: string }[]>`
      with m as (
        insert into task_message as m
          (task_id, owner, agent_code, message_id, role, body, dedupe_key, digest, pending_since, unconfirmed_since)
        select t.id, ${task.owner}, ${task.agentCode}, ${message.messageId}, ${message.role},
               ${JSON.stringify(message)}::json, ${digest === null ? null : message.messageId}, ${digest}, now(), now()
        from task t
        where t.id = ${task.id}::uuid and t.state in ('input-required', 'auth-required')
          and not exists (select 1 from task_message p where p.task_id = t.id and p.pending_since is not null)
        on conflict (owner, agent_code, dedupe_key) do nothing
        returning task_id as id, owner, ${DELIVERY_ID} as delivery_id
      )${takingFiles(fileIdsIn([message]), Prisma.sql`m`)}${settingPushConfig(set.pushConfig, Prisma.sql`task t join m on m.id = t.id`)}${settingModes(set)}
      select delivery_id from m`;
    const [locked, rows] = await this.#db.$transaction([lock, insert]);
    const seen = locked[0]?.seen ? { seen: locked[0].seen } : {};
    if (rows[0] !== undefined) return { outcome: 'appended', deliveryId: rows[0].delivery_id, ...seen };
    const known = digest === null ? undefined : await knownMessage(this.#db, task, message.messageId);
    if (known === undefined) return { outcome: 'not-waiting' };
    if (known.expired) return this.#append(task, message, digest, set);
    return {
      outcome: 'repeated',
      taskId: known.task_id,
      digest: known.digest,
      deliveryId: message.messageId,
      pending: known.pending,
      ...seen,
    };
  }

  acknowledge(taskId: string, messageId: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        with t as (update task set ${REVISED} where id = ${taskId}::uuid returning id)
        update task_message m set pending_since = null, unconfirmed_since = null from t
        where m.task_id = t.id and m.message_id = ${messageId}
          and (m.pending_since is not null or m.unconfirmed_since is not null)`;
    });
  }

  confirm(taskId: string, messageId: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update task_message set unconfirmed_since = null
        where task_id = ${taskId}::uuid and message_id = ${messageId} and unconfirmed_since is not null`;
    });
  }

  discard(taskId: string, messageId: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        with t as (update task set ${REVISED} where id = ${taskId}::uuid returning id)
        delete from task_message m using t
        where m.task_id = t.id and m.message_id = ${messageId} and m.pending_since is not null`;
    });
  }

  /** Tasks that had ended were removed, here or by another process: none is told of from memory. */
  forget(): void {
    this.#reader.forget();
  }

  /** The task that its caller means by its id or its alias, unless it is hidden; of two, the one with the id. */
  find(key: TaskKey, history?: number): Promise<Task | undefined> {
    return reachable(async () => {
      const { taskId, agentCode } = key;
      const task = isUuid(taskId) ? await this.#reader.find(taskId, key, history) : undefined;
      if (task !== undefined) return task;
      return agentCode === undefined ? undefined : findTaskByAlias(this.#db, { ...key, agentCode }, history);
    });
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return reachable(() => listTasks(this.#db, query));
  }

  project(projection: Projection): Promise<Recorded> {
    return reachable(() => recordChange(this.#db, projection));
  }

  unstarted(olderThanMs: number, limit: number): Promise<PendingStart[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<TaskRow[]>`
        ${selectTasks()}
        where t.state = 'submitted' and t.version = 0
          and t.created_at < now() - make_interval(secs => ${olderThanMs / 1000})
        order by t.created_at limit ${limit}`;
      if (rows.length === 0) return [];
      const allowed = await this.#scopesOf(rows);
      return rows.flatMap((row) => {
        const [message] = row.history;
        if (message === undefined) return [];
        return [
          {
            taskId: row.id,
            contextId: row.context_id,
            agentCode: row.agent_code,
            owner: row.owner,
            scopes: allowed.get(row.id) ?? [],
            message,
            metadata: row.metadata,
            ...(row.shown ? {} : { mayReply: true as const }),
          },
        ];
      });
    });
  }

  /** Of no use but to a start: readers of tasks are spared them. */
  async #scopesOf(rows: readonly TaskRow[]): Promise<Map<string, string[]>> {
    const tasks = await this.#db.task.findMany({
      where: { id: { in: rows.map(({ id }) => id) } },
      select: { id: true, scopes: true },
    });
    return new Map(tasks.map(({ id, scopes }) => [id, scopes]));
  }

  unconfirmed(olderThanMs: number, limit: number): Promise<PendingDelivery[]> {
    const before = Prisma.sql`now() - make_interval(secs => ${olderThanMs / 1000})`;
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<(PendingDelivery & { seen: Seen | null })[]>`
        select task_id::text as "taskId", ${DELIVERY_ID} as "deliveryId", body as message,
          pending_since is not null as pending,
          (extract(epoch from now() - least(pending_since, unconfirmed_since)) * 1000)::float8 as "waitingMs", ${SEEN} as seen
        from task_message m join task t on t.id = m.task_id
        where pending_since < ${before} or unconfirmed_since < ${before}
        order by least(pending_since, unconfirmed_since) limit ${limit}`;
      return rows.map(({ seen, ...delivery }) => ({ ...delivery, ...(seen && { seen }) }));
    });
  }
}

/** One more part of a statement that inserts a message `m`. */
const settingModes = ({ outputModes }: WithMessage): Prisma.Sql =>
  outputModes === undefined
    ? Prisma.empty
    : Prisma.sql`, modes as (
        update task set output_modes = ${outputModes}::text[] from m where task.id = m.id
      )`;

function newTask(task: NewTask, at: string): Task {
  return {
    id: task.id,
    ...(task.alias === undefined ? {} : { alias: task.alias }),
    agentCode: task.agentCode,
    contextId: task.contextId,
    owner: task.owner,
    ...(task.hidden ? { hidden: true } : {}),
    status: { state: 'submitted', at },
    version: 0,
    artifacts: [],
    history: [task.message],
    metadata: task.metadata,
    ...(task.outputModes && { outputModes: task.outputModes }),
    createdAt: at,
    updatedAt: at,
  };
}
