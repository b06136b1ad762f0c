import type { PrismaClient } from './generated/client.ts';

export interface BacklogFigures {
  /** `oldestAt`: milliseconds since 1970. */
  tasks: { agent: string; state: string; count: number; oldestAt: number }[];
  receipts: { running: number; pending: number };
}

/** How much is not done: what operators watch. Indexes answer it, however much is done. */
export async function readBacklog(db: PrismaClient): Promise<BacklogFigures> {
  const [tasks, [receipts]] = await Promise.all([
    db.$queryRaw<BacklogFigures['tasks']>`
      select agent_code as agent, state, count(*)::int as count,
        (extract(epoch from min(status_at)) * 1000)::float8 as "oldestAt"
      from task where shown and state in ('submitted', 'working', 'input-required', 'auth-required')
      group by agent_code, state`,
    db.$queryRaw<BacklogFigures['receipts'][]>`
      select (select count(*)::int from receipt where status = 'running') as running,
        (select count(*)::int from receipt where verification = 'pending') as pending`,
  ]);
  return { tasks, receipts: receipts ?? { running: 0, pending: 0 } };
}
