import { createHash } from 'node:crypto';
import type { Projection } from '../tasks/contract.ts';
import { fileIdsIn } from '../tasks/file-parts.ts';
import type { Recorded } from '../tasks/ports.ts';
import { takingFiles } from './file-links.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

/** The channel on which the id of each changed task is sent, in the transaction that changed it. */
export const TASK_CHANNEL = 'task_change';

export const FINAL_STATES = Prisma.sql`('completed', 'failed', 'canceled', 'rejected')`;

/** A change that no workflow run reports has neither a run nor a place in one. */
type Change = Omit<Projection, 'runId' | 'sequence'> &
  Partial<Pick<Projection, 'runId' | 'sequence'>> & {
    /** Records nothing when the task has come further. */
    onlyAt?: number | undefined;
  };

/**
 * Records one change in one statement: the task, its log row, what came with it, the notification. A report
 * that is repeated, overtaken by a later one or by a later run, or comes after the end changes nothing. One that comes
 * again in a number already taken, and knows more, is of a step that was undone: what it says is recorded, too.
 * @returns who is to hear of it.
 */
export async function recordChange(db: Pick<PrismaClient, '$queryRaw'>, change: Change): Promise<Recorded> {
  const { taskId, artifacts, messages, applied } = change;
  const runId = change.runId ?? null;
  const sequence = change.sequence ?? 0;
  const state = change.status?.state ?? null;
  const known = change.historyLength ?? null;
  const report = runId === null ? null : digestOf(change);
  const onlyAt = change.onlyAt ?? null;
  const reply = change.status?.reply ?? false;
  const message = change.status?.message ? JSON.stringify(change.status.message) : null;
  const recorded = await db.$queryRaw<Recorded[]>`
    with t as (
      update task set
        version = version + 1,
        shown = shown or not ${reply},
        state = coalesce(${state}::text, state),
        status_message = case when ${state}::text is null then status_message else ${message}::json end,
        status_at = case when ${state}::text is null then status_at else clock_timestamp() end,
        past_runs = case when run_id is null or ${runId}::text is null or run_id = ${runId} then past_runs
                         else array_append(past_runs, run_id) end,
        begun_at = coalesce(begun_at, clock_timestamp()),
        run_id = coalesce(${runId}, run_id),
        sequence = case when ${runId}::text is null then sequence else ${sequence} end,
        history_length = case when ${runId}::text is null then history_length else ${known}::int end,
        updated_at = clock_timestamp()
      where id = ${taskId}::uuid and state not in ${FINAL_STATES}
        and (${runId}::text is null or run_id is null
             or (run_id = ${runId} and sequence < ${sequence} and coalesce(history_length <= ${known}::int, true))
             or (run_id = ${runId} and sequence >= ${sequence} and history_length < ${known}::int
                 and not exists (select 1 from task_change c where c.task_id = task.id and c.report = ${report}))
             or (run_id <> ${runId} and ${runId} <> all (past_runs)))
        and (${onlyAt}::int is null or version = ${onlyAt}::int)
      returning id, version, owner, agent_code, updated_at
    ), change as (
      insert into task_change (task_id, version, state, status_message, report, at)
      select id, version, ${state}::text, ${message}::json, ${report}::text, updated_at from t
    ), artifact as (
      insert into task_artifact (task_id, version, ordinal, artifact_id, body)
      select t.id, t.version, a.ordinal, a.id, a.body::json
      from t, unnest(${artifacts.map((a) => storable(a.artifactId))}::text[],
                     ${artifacts.map((a) => JSON.stringify(a))}::text[])
              with ordinality a(id, body, ordinal)
    ), said as (
      insert into task_message (task_id, owner, agent_code, message_id, role, body, version)
      select t.id, t.owner, t.agent_code, s.id, 'agent', s.body::json, t.version
      from t, unnest(${messages.map((m) => m.messageId)}::text[],
                     ${messages.map((m) => JSON.stringify(m))}::text[])
              with ordinality s(id, body, ordinal)
      -- A step that was undone and done again says it again.
      where not exists (select 1 from task_message d
                        where d.task_id = t.id and d.message_id = s.id and d.role = 'agent')
      order by s.ordinal
    ), acknowledged as (
      update task_message m set pending_since = null from t
      where m.task_id = t.id and m.message_id = any (${applied}::text[]) and m.pending_since is not null
    )${takingFiles(fileIdsIn([...artifacts, ...messages]), Prisma.sql`t`)}
    select pg_notify(${TASK_CHANNEL}, id::text)::text,
      exists (select 1 from push_config p where p.task_id = t.id and p.state = 'live') as pushes,
      exists (select 1 from receipt r
              where r.agent_id = t.agent_code and r.task_id = t.id::text and r.status = 'running') as calls
    from t`;
  const { pushes = false, calls = false } = recorded[0] ?? {};
  return { pushes, calls };
}

/** The same of a step that is done again and comes to the same. */
function digestOf({ runId, sequence, status, artifacts, messages, applied }: Change): string {
  const content = JSON.stringify([runId, sequence, status, artifacts, messages, applied]);
  return createHash('sha256').update(content).digest('base64url');
}

/** An author's id may hold what Postgres takes in JSON only; the artifact's body has it as it is. */
const storable = (id: string): string =>
  /\p{Cc}|\p{Surrogate}/u.test(id) ? JSON.stringify(id).slice(1, -1) : id;
