import type { TaskKey, TaskPage, TaskQuery } from '../tasks/ports.ts';
import type { Task } from '../tasks/task.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { type TaskRow, toTask } from './rows.ts';

// The whole history by default; of a long one the newest messages are found without the rest.
const SAID = Prisma.sql`
  select bool_or(pending_since is not null) as underway, json_agg(body order by id) as history
  from task_message where task_id = t.id`;
const saidLast = (limit: number): Prisma.Sql => Prisma.sql`
  select exists (select 1 from task_message where task_id = t.id and pending_since is not null) as underway,
    (select json_agg(n.body order by n.id)
     from (select id, body from task_message where task_id = t.id order by id desc limit ${limit}) n) as history`;

/**
 * A TaskRow for each task `t` that the conditions after it leave. A task whose next message is accepted and has not
 * reached its workflow yet no longer waits for one: it is submitted again.
 * @param limit how many of the newest messages; all when undefined.
 */
export const selectTasks = (limit?: number): Prisma.Sql => Prisma.sql`
  select t.id::text, t.alias, t.agent_code, t.owner, t.context_id, t.shown,
    case when m.underway and t.problem is null then 'submitted' else t.state end as state,
    case when m.underway and t.problem is null then null else t.status_message end as status_message,
    t.status_at, t.version, t.metadata, t.output_modes, t.created_at, t.updated_at, t.xmin::text as revision,
    coalesce(m.history, '[]') as history,
    coalesce((
      select json_agg(a.body order by w.first)
      from (
        select max(version::bigint * 65536 + ordinal) as last, min(version::bigint * 65536 + ordinal) as first
        from task_artifact where task_id = t.id group by artifact_id
      ) w
      join task_artifact a on a.task_id = t.id
        and a.version = (w.last / 65536)::int and a.ordinal = (w.last % 65536)::int
    ), '[]') as artifacts
  from task t
  cross join lateral (${limit === undefined ? SAID : saidLast(limit)}) m`;

/** Whom a task is read for. Of a task of anybody else nothing is read. */
export interface ReadFor extends Pick<TaskKey, 'owner' | 'anyOwner' | 'agentCode'> {
  /** Also one that is shown to nobody. */
  hidden?: true;
}

/**
 * `is true` keeps the planner from the owner's index: the task's key is the way, and what the task holds is read
 * only of a row that fits.
 */
export async function findTaskRow(
  db: PrismaClient,
  taskId: string,
  { owner, anyOwner, agentCode, hidden }: ReadFor,
  history?: number,
): Promise<TaskRow | undefined> {
  const conditions = [Prisma.sql`t.id = ${taskId}::uuid`];
  if (anyOwner !== true) conditions.push(Prisma.sql`(t.owner = ${owner}) is true`);
  if (agentCode !== undefined) conditions.push(Prisma.sql`(t.agent_code = ${agentCode}) is true`);
  if (hidden !== true) conditions.push(Prisma.sql`t.shown is true`);
  const [row] = await db.$queryRaw<TaskRow[]>`
    ${selectTasks(history)} where ${Prisma.join(conditions, ' and ')}`;
  return row;
}

/** The same of a task that was read before. */
export const isFor = ({ owner, anyOwner, agentCode, hidden }: ReadFor, task: Task): boolean =>
  (anyOwner === true || task.owner === owner) &&
  (agentCode === undefined || task.agentCode === agentCode) &&
  (hidden === true || task.hidden !== true);

/** The task that its caller gave a name, unless it is hidden. */
export async function findTaskByAlias(
  db: PrismaClient,
  { owner, agentCode, taskId }: TaskKey & { agentCode: string },
  history?: number,
): Promise<Task | undefined> {
  const [row] = await db.$queryRaw<TaskRow[]>`
    ${selectTasks(history)} where t.owner = ${owner} and t.agent_code = ${agentCode} and t.alias = ${taskId}
      and t.shown`;
  return row === undefined ? undefined : toTask(row);
}

/** The state as selectTasks shows it; the messages that wait are few, and are looked up once. */
export const SHOWN_STATE = Prisma.sql`
  case when t.problem is null and t.id in (
    select task_id from task_message where pending_since is not null
  ) then 'submitted' else t.state end`;

/** One page, newest status first, and how many the whole list holds. */
export async function listTasks(db: PrismaClient, query: TaskQuery): Promise<TaskPage> {
  const conditions = [Prisma.sql`t.shown`];
  if (query.anyOwner !== true) conditions.push(Prisma.sql`t.owner = ${query.owner}`);
  if (query.agentCode !== undefined) conditions.push(Prisma.sql`t.agent_code = ${query.agentCode}`);
  if (query.contextId !== undefined) conditions.push(Prisma.sql`t.context_id = ${query.contextId}`);
  if (query.state !== undefined) conditions.push(Prisma.sql`${SHOWN_STATE} = any(${[query.state].flat()})`);
  if (query.updatedAfter !== undefined) {
    conditions.push(Prisma.sql`t.status_at >= ${query.updatedAfter}::timestamptz`);
  }
  const where = Prisma.join(conditions, ' and ');
  const { cursor } = query;
  const after = cursor
    ? Prisma.sql`and (t.status_at, t.id) < (${cursor.statusAt}::timestamptz, ${cursor.id}::uuid)`
    : Prisma.empty;
  const [rows, totals] = await Promise.all([
    db.$queryRaw<TaskRow[]>`
      ${selectTasks(query.history)} where ${where} ${after}
      order by t.status_at desc, t.id desc limit ${query.limit + 1}`,
    db.$queryRaw<{ total: bigint }[]>`select count(*) as total from task t where ${where}`,
  ]);
  const tasks = rows.slice(0, query.limit).map(toTask);
  const last = tasks.at(-1);
  return {
    tasks,
    total: Number(totals[0]?.total ?? 0),
    ...(rows.length > query.limit && last ? { next: { statusAt: last.status.at, id: last.id } } : {}),
  };
}
