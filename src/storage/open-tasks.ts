/** How many tasks that have not ended a caller and an agent have, where that is limited. */
import type { NewTask } from '../tasks/ports.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { lockedUntilCommit } from './locks.ts';

type Counted = Pick<NewTask, 'owner' | 'agentCode' | 'limits'>;

/** That a task has not ended. */
export const OPEN = Prisma.sql`state in ('submitted', 'working', 'input-required', 'auth-required')`;

/** No more are counted than matter. */
const countOf = (whose: Prisma.Sql, limit: number): Prisma.Sql => Prisma.sql`
  (select count(*) from (select 1 from task where ${whose} and ${OPEN} limit ${limit}) counted)`;

const ofCaller = ({ owner }: Counted, limit: number) => countOf(Prisma.sql`owner = ${owner}`, limit);
const ofAgent = ({ agentCode }: Counted, limit: number) =>
  countOf(Prisma.sql`agent_code = ${agentCode}`, limit);

/** One more condition of the insertion of a task; nothing where there is no limit. */
export function belowLimits(task: Counted): Prisma.Sql {
  const { perCaller, perAgent } = task.limits ?? {};
  const caller =
    perCaller === undefined ? Prisma.empty : Prisma.sql` and ${ofCaller(task, perCaller)} < ${perCaller}`;
  const agent =
    perAgent === undefined ? Prisma.empty : Prisma.sql` and ${ofAgent(task, perAgent)} < ${perAgent}`;
  return Prisma.sql`${caller}${agent}`;
}

/** Runs the insertion where no other process can count at the same moment; at once where there is no limit. */
export async function whileCounted<T>(
  db: PrismaClient,
  { owner, agentCode, limits }: Counted,
  insertion: Prisma.PrismaPromise<T>,
): Promise<T> {
  const names = [
    ...(limits?.perCaller === undefined ? [] : [`tasks of caller ${owner}`]),
    ...(limits?.perAgent === undefined ? [] : [`tasks of agent ${agentCode}`]),
  ];
  if (names.length === 0) return insertion;
  const results = await db.$transaction([...lockedUntilCommit(db, names), insertion]);
  return results.at(-1) as T;
}

/** Whose limit stood against an insertion. */
export async function openTasksFull(
  db: PrismaClient,
  task: Counted,
): Promise<'caller' | 'agent' | undefined> {
  const { perCaller, perAgent } = task.limits ?? {};
  if (perCaller === undefined && perAgent === undefined) return undefined;
  const [row] = await db.$queryRaw<{ caller: boolean; agent: boolean }[]>`
    select ${perCaller === undefined ? Prisma.sql`false` : Prisma.sql`${ofCaller(task, perCaller)} >= ${perCaller}`} as caller,
           ${perAgent === undefined ? Prisma.sql`false` : Prisma.sql`${ofAgent(task, perAgent)} >= ${perAgent}`} as agent`;
  if (row?.caller) return 'caller';
  return row?.agent ? 'agent' : undefined;
}
