import type { PrismaClient } from './generated/client.ts';
import { OPEN } from './open-tasks.ts';

/** What the record says of work that is not done. */
export interface Backlog {
  /** Tasks that have not ended. `oldestAt`: milliseconds since 1970, since when the first of them is in its state. */
  tasks: { agent: string; state: string; count: number; oldestAt: number }[];
  /** `overdueSeconds`: for how long the verifier has been due to look at one, 0 when it is not. */
  receipts: { running: number; pending: number; overdueSeconds: number };
}

/** How much is not done: what operators watch. Indexes answer it, however much is done. */
export async function readBacklog(db: PrismaClient): Promise<Backlog> {
  const [tasks, [receipts]] = await Promise.all([
    db.$queryRaw<Backlog['tasks']>`
      select agent_code as agent, state, count(*)::int as count,
        (extract(epoch from min(status_at)) * 1000)::float8 as "oldestAt"
      from task where shown and ${OPEN}
      group by agent_code, state`,
    db.$queryRaw<Backlog['receipts'][]>`
      select (select count(*)::int from receipt where status = 'running') as running,
        (select count(*)::int from receipt where verification = 'pending') as pending,
        greatest(0, extract(epoch from now() - (select min(verify_after) from receipt)))::float8 as "overdueSeconds"`,
  ]);
  return { tasks, receipts: receipts ?? { running: 0, pending: 0, overdueSeconds: 0 } };
}
