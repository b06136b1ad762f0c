import type { CallerData, CallerLine, NotYet, OpenTask, Staying } from '../data-life/caller-data.ts';
import { callerLines } from './caller-export.ts';
import { FINAL_STATES } from './change-log.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { NO_OPEN_RECEIPT, removingTasks, TASKS_AT_ONCE, tellingRemoved } from './old-rows.ts';
import { OPEN } from './open-tasks.ts';

/** A large file takes its time. */
const FILES_AT_ONCE = 10;

/** What the record has of one caller, in Postgres. */
export class PrismaCallerData implements CallerData {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  lines(caller: string): AsyncIterable<CallerLine> {
    return callerLines(this.#db, caller);
  }

  notYet(caller: string): Promise<NotYet> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<NotYet[]>`
        select (select count(*) from task where owner = ${caller} and ${OPEN})::int as tasks,
               (select count(*) from task where owner = ${caller} and not ${OPEN})::int as ended,
               count(*) filter (where status = 'running')::int as calls,
               count(*) filter (where verify_after is not null)::int as verdicts
        from receipt where caller = ${caller}`;
      return rows[0] as NotYet;
    });
  }

  staying(caller: string): Promise<Record<Staying, number>> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<Record<Staying, number>[]>`
        select (select count(*)::int from api_key where 'key:' || name = ${caller}) as key,
               (select count(*)::int from foreign_name where caller = ${caller}) as elsewhere,
               (select count(*)::int from receipt where caller = ${caller}) as receipt,
               1 as audit,
               (select count(*)::int from published_agent where published_by = ${caller})
                 + (select count(*)::int from remote_agent where published_by = ${caller}) as published,
               (select count(*)::int from switch_change where by = ${caller}) as switch,
               (select count(*)::int from receipt_verdict where by = ${caller}) as judgement`;
      return rows[0] as Record<Staying, number>;
    });
  }

  openTasks(caller: string, limit: number): Promise<OpenTask[]> {
    return reachable(
      () => this.#db.$queryRaw<OpenTask[]>`
        select id::text as "taskId", agent_code as "agentCode" from task
        where owner = ${caller} and ${OPEN} limit ${limit}`,
    );
  }

  removeKept(caller: string): Promise<number> {
    return reachable(async () => {
      const [contexts, answers] = await this.#db.$transaction([
        this.#db.authContext.deleteMany({ where: { owner: caller } }),
        this.#db.idempotencyKey.deleteMany({ where: { caller } }),
      ]);
      return contexts.count + answers.count;
    });
  }

  removeTasks(caller: string): Promise<{ tasks: number; files: number }> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ removed: number; held: string[] | null }[]>`
        with oldest as (
          select t.id, t.created_at, t.version + 4 as weight from task t
          where t.owner = ${caller} and t.state in ${FINAL_STATES} and ${NO_OPEN_RECEIPT}
          limit ${TASKS_AT_ONCE}
        ), ${removingTasks}, held as (
          select distinct f.file_id from task_file f join picked on picked.id = f.task_id
        )
        select removed, ${tellingRemoved(Prisma.sql`removed`)} as told, (select array_agg(file_id) from held) as held
        from counted`;
      return { tasks: row?.removed ?? 0, files: await this.#removeFiles(row?.held ?? []) };
    });
  }

  removeFiles(caller: string): Promise<number> {
    return reachable(async () => {
      const untaken = await this.#db.$queryRaw<{ id: string }[]>`
        select id from file f
        where owner = ${caller} and not exists (select 1 from task_file t where t.file_id = f.id)
        limit ${FILES_AT_ONCE}`;
      return this.#removeFiles(untaken.map(({ id }) => id));
    });
  }

  /** What another task of the caller still holds stays. A death before leaves them to the sweep over files. */
  async #removeFiles(ids: string[]): Promise<number> {
    let removed = 0;
    for (let at = 0; at < ids.length; at += FILES_AT_ONCE) {
      removed += await this.#db.$executeRaw`
        delete from file f where id = any (${ids.slice(at, at + FILES_AT_ONCE)}::text[])
          and not exists (select 1 from task_file t where t.file_id = f.id)`;
    }
    return removed;
  }

  removeBodies(caller: string, limit: number): Promise<number> {
    return reachable(
      () => this.#db.$executeRaw`
        update receipt set request = null, result = null
        where id in (
          select id from receipt
          where caller = ${caller} and (request is not null or result is not null) and status <> 'running'
            and verify_after is null
          limit ${limit})`,
    );
  }
}
