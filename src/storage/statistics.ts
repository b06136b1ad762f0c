import type {
  FailingDelivery,
  Percentiles,
  Statistics,
  StatisticsQuery,
  StatisticsStore,
} from '../gateway/statistics.ts';
import { TASK_STATES } from '../tasks/task.ts';
import { readBacklog } from './backlog.ts';
import { FINAL_STATES } from './change-log.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

interface TaskRow {
  step: number;
  /** In the order of the states. */
  counts: number[];
  begun: number;
  queued: (number | null)[] | null;
  ended: number;
  lasted: (number | null)[] | null;
}

interface PercentileRow {
  step: number;
  count: number;
  marks: (number | null)[] | null;
}

interface CountRow {
  step: number;
  name: string;
  count: number;
}

interface FailingRow extends Omit<FailingDelivery, 'host' | 'since'> {
  url: string;
  since: Date;
}

const DELIVERIES_SHOWN = 20;
const FAILING_READ = 10_000;

/** What happened in a stretch of time: each question is one walk along an index by time. */
export class PrismaStatistics implements StatisticsStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  read(query: StatisticsQuery): Promise<Statistics> {
    const steps = Math.ceil((query.to.getTime() - query.from.getTime()) / query.stepMs);
    return reachable(async () => {
      const [tasks, calls, refusals, failing, backlog] = await Promise.all([
        this.#tasks(query),
        this.#calls(query),
        this.#refusals(query),
        this.#failing(),
        readBacklog(this.#db),
      ]);
      return {
        tasks: series(
          tasks.flatMap(({ step, counts }) =>
            TASK_STATES.flatMap((name, at) => (counts[at] ? [{ step, name, count: counts[at] }] : [])),
          ),
          steps,
        ),
        queue: percentiles(
          tasks.map(({ step, begun, queued }) => ({ step, count: begun, marks: queued })),
          steps,
        ),
        durations: percentiles(
          tasks.map(({ step, ended, lasted }) => ({ step, count: ended, marks: lasted })),
          steps,
        ),
        calls: percentiles(calls, steps),
        refusals: series(refusals, steps),
        failing: Array.from({ length: steps }, (_, step) => {
          const end = query.from.getTime() + (step + 1) * query.stepMs;
          return failing.filter(({ since }) => since.getTime() < end).length;
        }),
        now: { ...backlog, deliveries: failing.slice(0, DELIVERIES_SHOWN).map(toDelivery) },
      };
    });
  }

  #tasks(query: StatisticsQuery): Promise<TaskRow[]> {
    const counts = TASK_STATES.map((state) => Prisma.sql`count(*) filter (where state = ${state})`);
    return this.#db.$queryRaw<TaskRow[]>`
      select ${stepOf(Prisma.sql`created_at`, query)} as step, array[${Prisma.join(counts)}]::int[] as counts,
        count(begun_at)::int as begun, ${marksOf(Prisma.sql`begun_at - created_at`)} as queued,
        count(*) filter (where state in ${FINAL_STATES})::int as ended,
        ${marksOf(Prisma.sql`case when state in ${FINAL_STATES} then status_at - created_at end`)} as lasted
      from task where ${within(Prisma.sql`created_at`, query)} and shown group by 1`;
  }

  #calls(query: StatisticsQuery): Promise<PercentileRow[]> {
    return this.#db.$queryRaw<PercentileRow[]>`
      select ${stepOf(Prisma.sql`started_at`, query)} as step, count(*)::int as count,
        ${marksOf(Prisma.sql`completed_at - started_at`)} as marks
      from receipt
      where status in ('succeeded', 'failed') and ${within(Prisma.sql`started_at`, query)} group by 1`;
  }

  #refusals(query: StatisticsQuery): Promise<CountRow[]> {
    return this.#db.$queryRaw<CountRow[]>`
      select ${stepOf(Prisma.sql`started_at`, query)} as step, policy ->> 'code' as name, count(*)::int as count
      from receipt
      where status = 'rejected' and ${within(Prisma.sql`started_at`, query)} and policy ->> 'code' is not null
      group by 1, 2`;
  }

  #failing(): Promise<FailingRow[]> {
    return this.#db.$queryRaw<FailingRow[]>`
      select c.task_id::text as "taskId", t.agent_code as "agentCode", c.url, c.failures,
        c.failing_since as since, c.problem
      from push_config c join task t on t.id = c.task_id
      where c.state = 'live' and c.due_at is not null and c.failing_since is not null
      order by c.failing_since limit ${FAILING_READ}`;
  }
}

/** What is absent does not count. */
const marksOf = (duration: Prisma.Sql): Prisma.Sql => Prisma.sql`
  percentile_disc(array[0.5, 0.9, 0.99]) within group (order by (extract(epoch from ${duration}) * 1000)::float8)`;

const within = (at: Prisma.Sql, { from, to }: StatisticsQuery): Prisma.Sql =>
  Prisma.sql`${at} >= ${from.toISOString()}::timestamptz and ${at} < ${to.toISOString()}::timestamptz`;

// As a number of its own: grouped by what a parameter is in, the planner cannot see that it is the same.
const stepOf = (at: Prisma.Sql, { from, stepMs }: StatisticsQuery): Prisma.Sql =>
  Prisma.sql`floor((extract(epoch from ${at})::float8 * 1000 - ${from.getTime()}::float8) / ${stepMs}::float8)::int`;

/** One list for each name, without gaps. */
function series(rows: readonly CountRow[], steps: number): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { step, name, count } of rows) {
    found[name] ??= new Array<number>(steps).fill(0);
    found[name][step] = count;
  }
  return found;
}

function percentiles(rows: readonly PercentileRow[], steps: number): Percentiles {
  const none = () => new Array<number | null>(steps).fill(null);
  const found: Percentiles = {
    count: new Array<number>(steps).fill(0),
    p50: none(),
    p90: none(),
    p99: none(),
  };
  for (const { step, count, marks } of rows) {
    found.count[step] = count;
    const [p50, p90, p99] = (marks ?? []).map((mark) => (mark === null ? null : Math.round(mark)));
    found.p50[step] = p50 ?? null;
    found.p90[step] = p90 ?? null;
    found.p99[step] = p99 ?? null;
  }
  return found;
}

const toDelivery = ({ url, since, ...row }: FailingRow): FailingDelivery => ({
  ...row,
  host: new URL(url).host,
  since: since.toISOString(),
});
