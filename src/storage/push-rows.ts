import type { PushState, StoredConfig } from '../push/ports.ts';
import type { NewPushConfig, PushShape } from '../tasks/ports.ts';
import { FINAL_STATES } from './change-log.ts';
import { Prisma } from './generated/client.ts';

/**
 * The part of a `with` that sets a config on the tasks `t` of `from`, or nothing. It hears of what comes after the
 * task's version; one that replaces another goes on where that one was.
 */
export const settingPushConfig = (config: NewPushConfig | undefined, from: Prisma.Sql): Prisma.Sql =>
  config === undefined
    ? Prisma.empty
    : Prisma.sql`, push as (
        insert into push_config as c (task_id, id, key, url, secrets, shape, state, delivered)
        select t.id, coalesce(${config.id ?? null}, t.alias, t.id::text), ${config.key}::uuid, ${config.url},
          ${config.secrets}, ${config.shape}, case when t.state in ${FINAL_STATES} then 'done' else 'live' end,
          t.version
        from ${from}
        on conflict (task_id, id) do update set
          key = excluded.key, url = excluded.url, secrets = excluded.secrets, shape = excluded.shape,
          state = case when c.state = 'done' then 'done' else 'live' end,
          bodies = case when c.shape = excluded.shape then c.bodies else 0 end,
          failures = 0, failing_since = null, due_at = null, problem = null, told_at = now()
        returning c.*
      )`;

/** A StoredConfig's row, of config `c` and its task `t`. */
export const CONFIG_COLUMNS = Prisma.sql`
  c.key::text, c.task_id::text, c.id, c.url, c.secrets, c.shape, c.state, c.delivered, c.bodies, c.failures,
  c.failing_since, c.due_at, c.problem, t.version`;

export interface ConfigRow {
  key: string;
  task_id: string;
  id: string;
  url: string;
  secrets: string | null;
  shape: PushShape;
  state: PushState;
  delivered: number;
  bodies: number;
  failures: number;
  failing_since: Date | null;
  due_at: Date | null;
  problem: string | null;
  version: number;
}

export function toConfig(row: ConfigRow): StoredConfig {
  const { task_id, failing_since, due_at, problem, ...plain } = row;
  return {
    ...plain,
    taskId: task_id,
    ...(failing_since === null ? {} : { failingSince: failing_since.toISOString() }),
    ...(due_at === null ? {} : { dueAt: due_at.toISOString() }),
    ...(problem === null ? {} : { problem }),
  };
}
