import { Prisma, type PrismaClient } from './generated/client.ts';

/** A message id is taken for a repetition for this long. */
const REPETITION_WINDOW = Prisma.sql`interval '24 hours'`;

export interface KnownMessage {
  row_id: bigint;
  task_id: string;
  digest: string;
  pending: boolean;
  expired: boolean;
  /** It began its task. */
  began: boolean;
}

/** The user message with this id from this caller to this agent; one that is too old to count does so no more. */
export async function knownMessage(
  db: Pick<PrismaClient, '$queryRaw' | '$executeRaw'>,
  { owner, agentCode }: { owner: string; agentCode: string },
  messageId: string,
): Promise<KnownMessage | undefined> {
  const [known] = await db.$queryRaw<KnownMessage[]>`
    select m.id as row_id, m.task_id::text, m.digest, m.pending_since is not null as pending,
      m.created_at < now() - ${REPETITION_WINDOW} as expired,
      not exists (select 1 from task_message e where e.task_id = m.task_id and e.id < m.id) as began
    from task_message m
    where m.owner = ${owner} and m.agent_code = ${agentCode} and m.dedupe_key = ${messageId}`;
  if (known?.expired) {
    await db.$executeRaw`update task_message set dedupe_key = null where id = ${known.row_id}`;
  }
  return known;
}
