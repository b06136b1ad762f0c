import type { OldRows, TaskPlace } from '../data-life/retention.ts';
import type { TaskState } from '../tasks/task.ts';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { NIL_UUID } from './uuid.ts';

/** What every process is told when tasks that had ended are gone. */
export const TASKS_REMOVED_TOPIC = 'tasks-removed';

/** So many tasks are looked at in one statement, and of those so many go that their rows are about this many. */
export const TASKS_AT_ONCE = 500;
const ROWS_AT_ONCE = 5_000;

/** That a task `t` is named by no receipt that still needs it. */
export const NO_OPEN_RECEIPT = Prisma.sql`
  not exists (select 1 from receipt r where r.agent_id = t.agent_code and r.task_id = t.id::text
              and (r.status = 'running' or r.verify_after is not null))`;

/** Parts of a `with`: of the tasks in `oldest`, rows of id, created_at and weight, the first ones go; `counted` says how many. */
export const removingTasks: Prisma.Sql = Prisma.sql`
  weighed as (
    select id, created_at, sum(weight) over (order by created_at, id) - weight as before from oldest
  ), picked as (
    select id, created_at from weighed where before < ${ROWS_AT_ONCE}
  ), gone as (
    delete from task using picked where task.id = picked.id returning 1
  ), counted as (
    select (select count(*) from gone)::int as removed
  )`;

/** Part of a `select`: tells every process, once the transaction is done, that tasks are gone, when any is. */
export const tellingRemoved = (count: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`case when ${count} > 0 then pg_notify(${BULLETIN_CHANNEL}, ${`${TASKS_REMOVED_TOPIC} `})::text end`;

/** What goes by age, in Postgres. What belongs to a task alone goes with it, by its keys; its files go soon after. */
export class PrismaOldRows implements OldRows {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  /** A task is older than its end: the index of states and ages finds those that may have ended so long ago. */
  removeTasks(
    state: TaskState,
    olderThanMs: number,
    after: TaskPlace = { createdAt: '-infinity', id: NIL_UUID },
  ): Promise<{ removed: number; next?: TaskPlace }> {
    const before = Prisma.sql`now() - make_interval(secs => ${olderThanMs / 1000})`;
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ removed: number; next: TaskPlace | null }[]>`
        with oldest as (
          select t.id, t.created_at, t.version + 4 as weight from task t
          where t.state = ${state} and t.created_at < ${before}
            and (t.created_at, t.id) > (${after.createdAt}::timestamptz, ${after.id}::uuid)
            and t.status_at < ${before} and ${NO_OPEN_RECEIPT}
            and not exists (select 1 from push_config p where p.task_id = t.id and p.state = 'live')
          order by t.created_at, t.id limit ${TASKS_AT_ONCE}
        ), ${removingTasks}
        select removed, ${tellingRemoved(Prisma.sql`removed`)} as told,
               (select json_build_object('createdAt', created_at, 'id', id)
                from picked order by created_at desc, id desc limit 1) as next
        from counted`;
      return { removed: row?.removed ?? 0, ...(row?.next && { next: row.next }) };
    });
  }

  entriesBefore(olderThanMs: number): Promise<Date | undefined> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ before: Date }[]>`
        select before from date_trunc('day', now() - make_interval(secs => ${olderThanMs / 1000}), 'UTC') as before
        where (select at from audit_entry order by id limit 1) < before`;
      return row?.before;
    });
  }

  removeEntries(before: Date, limit: number): Promise<number> {
    return reachable(async () => {
      const [, removed] = await this.#db.$transaction([
        // Without it the database lets nobody remove one.
        this.#db.$executeRaw`select set_config('agent_host.audit_retention', 'on', true)`,
        this.#db.$executeRaw`
          delete from audit_entry where id in (
            select id from (select id, at from audit_entry order by id limit ${limit}) oldest
            where at < ${before.toISOString()}::timestamptz)`,
      ]);
      return removed;
    });
  }
}
