import { fileIdsIn } from '../tasks/file-parts.ts';
import type { NewTask } from '../tasks/ports.ts';
import type { Message, Task } from '../tasks/task.ts';
import { takingFiles } from './file-links.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { settingPushConfig } from './push-rows.ts';

// Its webhook has its one change still to hear.
const AS_BEFORE = Prisma.sql`(select id, null::text as alias, 'submitted' as state, 0 as version from t) t`;

/**
 * A task that ended as it began, with its one change, in one statement. Its message may come again as
 * another. Undefined when it is there already.
 */
export async function insertRejected(
  db: Pick<PrismaClient, '$queryRaw'>,
  task: NewTask,
  reason: Message,
): Promise<Task | undefined> {
  const { id, agentCode, owner, contextId, message, metadata } = task;
  const said = [message, reason];
  const rows = await db.$queryRaw<{ created_at: Date }[]>`
    with t as (
      insert into task (id, agent_code, owner, context_id, state, status_message, version, metadata, scopes, output_modes)
      values (${id}::uuid, ${agentCode}, ${owner}, ${contextId}, 'rejected', ${JSON.stringify(reason)}::json, 1,
              ${JSON.stringify(metadata)}::json, ${task.scopes ?? []}::text[], ${task.outputModes ?? null}::text[])
      on conflict (id) do nothing
      returning id, status_message, created_at
    ), m as (
      insert into task_message (task_id, owner, agent_code, message_id, role, body, version)
      select t.id, ${owner}, ${agentCode}, s.id, s.role, s.body::json, case when s.role = 'agent' then 1 end
      from t, unnest(${said.map(({ messageId }) => messageId)}::text[], ${said.map(({ role }) => role)}::text[],
                     ${said.map((each) => JSON.stringify(each))}::text[]) with ordinality s(id, role, body, ordinal)
      order by s.ordinal
    ), change as (
      insert into task_change (task_id, version, state, status_message)
      select id, 1, 'rejected', status_message from t
    )${takingFiles(fileIdsIn(said), Prisma.sql`(select id, ${owner} as owner from t)`)}${settingPushConfig(task.pushConfig, AS_BEFORE)}
    select created_at from t`;
  const at = rows[0]?.created_at.toISOString();
  if (at === undefined) return undefined;
  return {
    id,
    agentCode,
    contextId,
    owner,
    status: { state: 'rejected', message: reason, at },
    version: 1,
    artifacts: [],
    history: said,
    metadata,
    ...(task.outputModes && { outputModes: task.outputModes }),
    createdAt: at,
    updatedAt: at,
  };
}
