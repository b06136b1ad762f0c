import type {
  LineCursor,
  LinePage,
  LineQuery,
  OverviewStore,
  Sight,
  TaskLife,
  TaskLine,
} from '../tasks/overview.ts';
import type { Message, TaskState } from '../tasks/task.ts';
import type { TaskMoment } from '../tasks/timeline.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { SHOWN_STATE } from './task-queries.ts';
import { isUuid } from './uuid.ts';

/** What is longer than this is read in the task itself, in characters of JSON. */
const SMALL = 8_192;
const TEXT_SHOWN = 300;
const MOMENTS = 1_000;

const small = (column: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`case when octet_length(${column}::text) <= ${SMALL} then ${column} end`;

interface LineRow {
  id: string;
  agent_code: string;
  context_id: string;
  owner: string;
  state: TaskState;
  said: Message | null;
  version: number;
  created_at: Date;
  status_at: Date;
}

const LINE = Prisma.sql`
  t.id::text, t.agent_code, t.context_id, t.owner, ${SHOWN_STATE} as state,
  ${small(Prisma.sql`t.status_message`)} as said, t.version, t.created_at, t.status_at`;

interface MomentRow {
  at: Date;
  version: number | null;
  state: TaskState | null;
  role: 'user' | 'agent' | null;
  said: Message | null;
}

/** Tasks by the line, in Postgres. */
export class PrismaTaskOverview implements OverviewStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  lines(query: LineQuery): Promise<LinePage> {
    const { limit, cursor } = query;
    const where = Prisma.join(conditionsOf(query), ' and ');
    const after = cursor
      ? Prisma.sql`and (t.created_at, t.id) < (${cursor.createdAt}::timestamptz, ${cursor.id}::uuid)`
      : Prisma.empty;
    return reachable(async () => {
      const [rows, totals] = await Promise.all([
        this.#db.$queryRaw<LineRow[]>`
          select ${LINE} from task t where ${where} ${after}
          order by t.created_at desc, t.id desc limit ${limit + 1}`,
        cursor
          ? []
          : this.#db.$queryRaw<{ total: bigint }[]>`select count(*) as total from task t where ${where}`,
      ]);
      const lines = rows.slice(0, limit).map(toLine);
      const last = lines.at(-1);
      const next: LineCursor | undefined =
        rows.length > limit && last ? { createdAt: last.createdAt, id: last.id } : undefined;
      const total = totals[0]?.total;
      return { lines, ...(total === undefined ? {} : { total: Number(total) }), ...(next && { next }) };
    });
  }

  linesOf(taskIds: string[], sight: Sight): Promise<TaskLine[]> {
    const where = Prisma.join(conditionsOf(sight), ' and ');
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<LineRow[]>`
        select ${LINE} from task t where t.id = any(${taskIds}::uuid[]) and ${where}`;
      return rows.map(toLine);
    });
  }

  life(taskId: string, sight: Sight): Promise<TaskLife | undefined> {
    if (!isUuid(taskId)) return Promise.resolve(undefined);
    const where = Prisma.join(conditionsOf(sight), ' and ');
    return reachable(async () => {
      const [found, moments] = await Promise.all([
        this.#db.$queryRaw<(LineRow & { run_id: string | null; read_at: Date })[]>`
          select ${LINE}, t.run_id, now()::timestamptz(3) as read_at from task t
          where t.id = ${taskId}::uuid and ${where}`,
        this.#moments(taskId),
      ]);
      const [row] = found;
      if (row === undefined) return undefined;
      return {
        line: toLine(row),
        ...(row.run_id === null ? {} : { runId: row.run_id }),
        moments,
        readAt: row.read_at.toISOString(),
      };
    });
  }

  /** Turns of its state, what its caller said, and the newest of what it said itself. */
  async #moments(taskId: string): Promise<TaskMoment[]> {
    const rows = await this.#db.$queryRaw<MomentRow[]>`
      select * from (
        (select c.at, c.version, c.state, case when c.status_message is not null then 'agent' end as role,
           ${small(Prisma.sql`c.status_message`)} as said
         from (select *, lag(state) over (order by version) as before from task_change
               where task_id = ${taskId}::uuid and state is not null) c
         where c.before is distinct from c.state or c.status_message is not null
         order by c.version desc limit ${MOMENTS})
        union all
        (select m.created_at, null, null, m.role, ${small(Prisma.sql`m.body`)}
         from task_message m where m.task_id = ${taskId}::uuid and m.role = 'user'
         order by m.id desc limit ${MOMENTS})
      ) moment order by at, version nulls first`;
    return rows.map(toMoment);
  }
}

function conditionsOf(query: Sight & Partial<LineQuery>): Prisma.Sql[] {
  const { owner, without, agentCode, contextId, state, from, to } = query;
  const conditions = [Prisma.sql`t.shown`];
  if (owner !== undefined) conditions.push(Prisma.sql`t.owner = ${owner}`);
  if (without.length > 0) conditions.push(Prisma.sql`t.agent_code <> all(${[...without]}::text[])`);
  if (agentCode !== undefined) conditions.push(Prisma.sql`t.agent_code = ${agentCode}`);
  if (contextId !== undefined) conditions.push(Prisma.sql`t.context_id = ${contextId}`);
  if (state !== undefined) conditions.push(Prisma.sql`${SHOWN_STATE} = ${state}`);
  if (from !== undefined) conditions.push(Prisma.sql`t.created_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(Prisma.sql`t.created_at < ${to}::timestamptz`);
  return conditions;
}

/** The beginning of a message's text. */
function textOf(said: Message | null): { text?: string } {
  const text = said?.parts.flatMap((part) => part.text ?? []).join('\n') ?? '';
  return text === '' ? {} : { text: text.slice(0, TEXT_SHOWN) };
}

const toLine = (row: LineRow): TaskLine => ({
  id: row.id,
  agentCode: row.agent_code,
  contextId: row.context_id,
  owner: row.owner,
  state: row.state,
  ...textOf(row.said),
  version: row.version,
  createdAt: row.created_at.toISOString(),
  stateAt: row.status_at.toISOString(),
});

const toMoment = ({ at, version, state, role, said }: MomentRow): TaskMoment => ({
  at: at.toISOString(),
  ...(version === null ? {} : { version }),
  ...(state === null ? {} : { state }),
  ...(role === null ? {} : { role }),
  ...textOf(said),
});
