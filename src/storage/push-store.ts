import type { Failed, PushStore, StoredConfig } from '../push/ports.ts';
import type { NewPushConfig } from '../tasks/ports.ts';
import type { Task, TaskChange } from '../tasks/task.ts';
import { FINAL_STATES } from './change-log.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { CONFIG_COLUMNS, type ConfigRow, settingPushConfig, toConfig } from './push-rows.ts';
import { type ChangeRow, type TaskRow, toChange, toTask } from './rows.ts';

/** Push configs in Postgres, and what their webhooks are told from the change log. */
export class PrismaPushStore implements PushStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  async save(taskId: string, config: NewPushConfig, limit: number): Promise<StoredConfig | undefined> {
    const [saved] = await this.#rows(Prisma.sql`
      with room as (
        select t.* from task t
        where t.id = ${taskId}::uuid and ${limit} > (
          select count(*) from push_config o
          where o.task_id = t.id and o.id <> coalesce(${config.id ?? null}, t.alias, t.id::text)
        )
      )${settingPushConfig(config, Prisma.sql`room t`)}
      select ${CONFIG_COLUMNS} from push c join task t on t.id = c.task_id`);
    return saved;
  }

  async find(taskId: string, id: string | undefined): Promise<StoredConfig | undefined> {
    const [found] = await this.#configs(Prisma.sql`
      c.task_id = ${taskId}::uuid and (${id ?? null}::text is null or c.id = ${id ?? null})
      order by c.created_at, c.id limit 1`);
    return found;
  }

  list(taskId: string, { after, limit }: { after?: string; limit: number }): Promise<StoredConfig[]> {
    return this.#configs(Prisma.sql`
      c.task_id = ${taskId}::uuid and (${after ?? null}::text is null or c.id > ${after ?? null})
      order by c.id limit ${limit}`);
  }

  async remove(taskId: string, id: string): Promise<void> {
    await this.#run(Prisma.sql`delete from push_config where task_id = ${taskId}::uuid and id = ${id}`);
  }

  async behind(
    taskId: string,
    except: string[],
    limit: number,
  ): Promise<{ version: number; configs: StoredConfig[] }> {
    const configs = await this.#configs(Prisma.sql`
      c.task_id = ${taskId}::uuid and c.state = 'live' and c.failures = 0 and c.delivered < t.version
      and c.key <> all (${except}::uuid[]) order by c.delivered, c.key limit ${limit}`);
    const [task] = configs.length > 0 ? configs : await this.#version(taskId);
    return { version: task?.version ?? 0, configs };
  }

  #version(taskId: string): Promise<{ version: number }[]> {
    return reachable(
      () => this.#db.$queryRaw<{ version: number }[]>`select version from task where id = ${taskId}::uuid`,
    );
  }

  async byKey(key: string): Promise<StoredConfig | undefined> {
    const [found] = await this.#configs(Prisma.sql`c.key = ${key}::uuid`);
    return found;
  }

  changes(
    taskId: string,
    after: number,
    { artifacts, limit }: { artifacts: boolean; limit: number },
  ): Promise<{ task: Task; changes: TaskChange[] } | undefined> {
    return reachable(async () => {
      const [tasks, changes] = await Promise.all([
        this.#db.$queryRaw<TaskRow[]>`
          select t.id::text, t.alias, t.agent_code, t.owner, t.context_id, t.shown, coalesce(s.state, 'submitted') as state,
            s.status_message, coalesce(s.at, t.created_at) as status_at, ${after}::int as version, t.metadata,
            t.output_modes, t.created_at, t.updated_at, '[]'::json as history, coalesce(a.artifacts, '[]') as artifacts
          from task t
          left join lateral (
            select state, status_message, at from task_change
            where task_id = t.id and version <= ${after} and state is not null order by version desc limit 1
          ) s on true
          left join lateral (
            select json_agg(each.body order by each.first) as artifacts from (
              select (array_agg(body order by version desc, ordinal desc))[1] as body,
                min(version::bigint * 65536 + ordinal) as first
              from task_artifact where ${artifacts} and task_id = t.id and version <= ${after} group by artifact_id
            ) each
          ) a on true
          where t.id = ${taskId}::uuid`,
        this.#db.$queryRaw<ChangeRow[]>`
          select c.task_id::text, c.version, c.state, c.status_message, not t.shown as reply, c.at,
            '[]'::json as messages,
            coalesce((select json_agg(a.body order by a.ordinal) from task_artifact a
                      where a.task_id = c.task_id and a.version = c.version), '[]') as artifacts
          from task_change c join task t on t.id = c.task_id
          where c.task_id = ${taskId}::uuid and c.version > ${after}
          order by c.version limit ${limit}`,
      ]);
      return tasks[0] && { task: toTask(tasks[0]), changes: changes.map(toChange) };
    });
  }

  async advance(key: string, delivered: number, bodies: number): Promise<boolean> {
    const advanced = await this.#run(Prisma.sql`
      update push_config c set delivered = ${delivered}, bodies = ${bodies}, told_at = now(),
        failures = 0, failing_since = null, due_at = null, problem = null,
        state = case when t.state in ${FINAL_STATES} and ${delivered} >= t.version then 'done' else c.state end
      from task t where t.id = c.task_id and c.key = ${key}::uuid and c.state = 'live'`);
    return advanced > 0;
  }

  async fail(key: string, { problem, dueAt }: Failed): Promise<void> {
    await this.#run(Prisma.sql`
      update push_config set failures = failures + 1, failing_since = coalesce(failing_since, now()),
        due_at = ${dueAt}::timestamptz, problem = ${problem}, told_at = now()
      where key = ${key}::uuid and state = 'live'`);
  }

  async end(key: string, state: 'gone' | 'expired', problem: string): Promise<void> {
    await this.#run(Prisma.sql`
      update push_config set state = ${state}, problem = ${problem}, due_at = null
      where key = ${key}::uuid and state = 'live'`);
  }

  tasksBehind(silentMs: number, limit: number): Promise<string[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ id: string }[]>`
        select distinct t.id::text as id from push_config c join task t on t.id = c.task_id
        where c.state = 'live' and c.failures = 0 and c.delivered < t.version
          and greatest(c.told_at, t.updated_at) < now() - make_interval(secs => ${silentMs / 1000})
        limit ${limit}`;
      return rows.map(({ id }) => id);
    });
  }

  overdue(lateMs: number, limit: number): Promise<StoredConfig[]> {
    return this.#configs(Prisma.sql`
      c.state = 'live' and c.due_at < now() - make_interval(secs => ${lateMs / 1000})
      order by c.due_at limit ${limit}`);
  }

  count(): Promise<{ failing: number; undelivered: number }> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ failing: number; undelivered: number }[]>`
        select
          (select count(*)::int from push_config where state = 'live' and due_at is not null) as failing,
          (select count(*)::int from push_config c join task t on t.id = c.task_id
           where c.state in ('gone', 'expired') and c.delivered < t.version) as undelivered`;
      return row ?? { failing: 0, undelivered: 0 };
    });
  }

  #configs(where: Prisma.Sql): Promise<StoredConfig[]> {
    return this.#rows(Prisma.sql`
      select ${CONFIG_COLUMNS} from push_config c join task t on t.id = c.task_id where ${where}`);
  }

  #rows(statement: Prisma.Sql): Promise<StoredConfig[]> {
    return reachable(async () => (await this.#db.$queryRaw<ConfigRow[]>(statement)).map(toConfig));
  }

  /** How many rows it touched. */
  #run(statement: Prisma.Sql): Promise<number> {
    return reachable(() => this.#db.$executeRaw(statement));
  }
}
