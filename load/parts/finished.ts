import pg from 'pg';
import { type Contestant, compare, type Figures } from '../../bench/compare.ts';
import { withOwnDatabase } from '../../bench/own-database.ts';
import { type Row, row } from '../../bench/report.ts';
import { getRequest, rpcRequest, sendRequest } from '../../bench/rpc-requests.ts';
import { httpContestant, type Servers, type Setting, withProduct } from '../../bench/setting.ts';
import { agentUrl } from '../../test/support/rpc.ts';

const FEW = 100;
const MANY = 100_000;
/** More than a host keeps of what it has read. */
const READ = 20_000;
const CONTEXTS = 1_000;

/** Lists, reads and sends beside 100,000 finished tasks of one caller, and beside 100, in a database of its own. */
export const finished = (servers: Servers): Promise<Row[]> =>
  withOwnDatabase(servers.databaseUrl, (databaseUrl) =>
    withProduct({ ...servers, databaseUrl }, (setting) => measure(setting, databaseUrl)),
  );

async function measure(setting: Setting, databaseUrl: string): Promise<Row[]> {
  await fill(databaseUrl, { from: 1, to: FEW });
  const few = await figuresOf(contestants(setting, FEW));
  await fill(databaseUrl, { from: FEW + 1, to: MANY });
  const many = await figuresOf(contestants(setting, MANY));
  return [...many].flatMap(([name, figures]) =>
    (['p50', 'p99'] as const).map((figure) =>
      row(`${name} beside ${MANY} finished, 1 at once, ${figure} | beside ${FEW}`, 'ms', figures[figure], {
        baseline: few.get(name)?.[figure],
      }),
    ),
  );
}

function contestants({ product, load }: Setting, count: number): Contestant[] {
  const url = agentUrl(product.url, 'bench-empty');
  const read = Array.from({ length: Math.min(READ, count) }, (_, n) => {
    const at = 1 + Math.floor((n * count) / Math.min(READ, count));
    return getRequest(url, taskId(at));
  });
  const list = (params: object) => [rpcRequest(url, 'ListTasks', { pageSize: 20, ...params })];
  const asked = (name: string, requests: Parameters<typeof httpContestant>[2]['requests'], expect: string) =>
    httpContestant(name, load, { requests, expect });
  return [
    asked('a get', read, '"status"'),
    asked('a page of the list', list({}), '"tasks"'),
    asked('a page of one context', list({ contextId: 'context-7' }), '"tasks"'),
    asked('a page of those that wait', list({ status: 'TASK_STATE_INPUT_REQUIRED' }), '"tasks"'),
    asked('a blocking send', [sendRequest(product.url, 'bench-empty')], '"TASK_STATE_COMPLETED"'),
  ];
}

async function figuresOf(all: Contestant[]): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  for (const each of all) {
    for (const [name, found] of await compare([each], { clients: 1, ms: 1_500 })) figures.set(name, found);
  }
  return figures;
}

const taskId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Finished tasks, a second from each to the next, with what was said and each change. */
async function fill(databaseUrl: string, { from, to }: { from: number; to: number }): Promise<void> {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  try {
    await db.query(
      `
      with n as (
        select n, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid as id,
               now() - make_interval(secs => $2::int - n) as at
        from generate_series($1::int, $2::int) n
      ), t as (
        insert into task (id, agent_code, owner, context_id, state, version, run_id, sequence,
                          status_at, begun_at, created_at, updated_at)
        select id, 'bench-empty', 'local', 'context-' || n % ${CONTEXTS}, 'completed', 1, md5(n::text), 1, at, at, at, at
        from n
        returning id, created_at
      ), m as (
        insert into task_message (task_id, owner, agent_code, message_id, role, body, dedupe_key, digest, created_at)
        select id, 'local', 'bench-empty', id::text, 'user',
               json_build_object('messageId', id, 'role', 'user', 'parts', '[{"text":"Hello"}]'::json),
               id::text, md5(id::text), created_at
        from t
      )
      insert into task_change (task_id, version, state, at) select id, 1, 'completed', created_at from t`,
      [from, to],
    );
    for (const table of ['task', 'task_message', 'task_change']) await db.query(`vacuum analyze ${table}`);
  } finally {
    await db.end();
  }
}
