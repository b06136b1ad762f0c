import { createHash } from 'node:crypto';
import pg from 'pg';
import { startProduct } from '../../test/support/product.ts';
import { startChild } from '../child.ts';
import { compare, type Figures } from '../compare.ts';
import type { HttpRequest } from '../load/connection.ts';
import { withOwnDatabase } from '../own-database.ts';
import type { Row } from '../report.ts';
import { httpContestant, onServers, type Servers } from '../setting.ts';
import { invokeRequest } from './gateway.ts';
import { figureRows, inShort } from './rows.ts';

const MANY = 1_000_000;
const FEW = 1_000;
const ASKED_FOR = 200;

/** Reads of receipts and a decision of policy beside 1,000,000 receipts and beside 1,000, in databases of their own. */
export const receipts = (servers: Servers): Promise<Row[]> =>
  withOwnDatabase(servers.databaseUrl, (many) =>
    withOwnDatabase(servers.databaseUrl, async (few) => {
      await fill(many, MANY);
      await fill(few, FEW);
      return measure(servers, { many, few });
    }),
  );

async function measure({ temporalAddress }: Servers, urls: { many: string; few: string }): Promise<Row[]> {
  const load = await startChild(new URL('../load/http-load.ts', import.meta.url), undefined);
  // Without a worker: nothing but requests is at work.
  const start = (databaseUrl: string) =>
    startProduct({ ...onServers({ temporalAddress, databaseUrl }), ROLE: 'host' });
  const [many, few] = await Promise.all([start(urls.many), start(urls.few)]);
  try {
    const rows: Row[] = [];
    for (const [name, requests] of Object.entries(READS)) {
      const contestants = [
        httpContestant('many', load, { requests: requests(many.url, MANY), expect: '{' }),
        httpContestant('few', load, { requests: requests(few.url, FEW), expect: '{' }),
      ];
      const figures = await compare(contestants, { clients: 1, ms: 1_000 });
      rows.push(
        ...figureRows(`${name} of ${MANY} receipts, ${inShort(1)}`, figures.get('many') as Figures, [
          {
            name: `of ${FEW}`,
            figures: figures.get('few') as Figures,
            targets: { p50: { of: 'ratio', atMost: 1.5 } },
          },
        ]),
      );
    }
    return rows;
  } finally {
    await load.end();
    await Promise.all([many.end('SIGTERM'), few.end('SIGTERM')]);
  }
}

const READS: Record<string, (base: string, count: number) => HttpRequest[]> = {
  'a page of the list': (base) => [get(base, '/receipts')],
  'a page of one agent': (base) => [get(base, '/receipts?agent_id=bench-7')],
  'a page of the failed ones of one agent': (base) => [get(base, '/receipts?agent_id=bench-7&status=failed')],
  'one receipt': (base, count) =>
    Array.from({ length: ASKED_FOR }, (_, n) =>
      get(base, `/receipts/${idOf(1 + Math.floor((n * count) / ASKED_FOR))}`),
    ),
  'a policy decision': (base) => [invokeRequest(base, 'check')],
};

const get = (base: string, path: string): HttpRequest => ({ method: 'GET', url: `${base}/v1${path}` });

const idOf = (n: number): string =>
  createHash('md5')
    .update(String(n))
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/**
 * Final receipts of ten agents, a tenth of a second from each to the next. One in a thousand failed, and of the first
 * thousand all of one agent: so both tables have a page of them.
 */
async function fill(databaseUrl: string, count: number): Promise<void> {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  try {
    // Its indexes are built at once, afterwards: that takes a quarter of the time.
    const { rows } = await db.query<{ name: string; definition: string }>(`
      select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
      from pg_index i where i.indrelid = 'receipt'::regclass and not i.indisprimary`);
    for (const { name } of rows) await db.query(`drop index ${name}`);
    await db.query(
      `
      insert into receipt (id, agent_id, provider_id, caller, invoke_mode, status, verification, request_digest,
                           result_digest, cost_units, policy, started_at, completed_at, task_id, context_id, sequence,
                           previous_id, previous_hash, signature, message_id, request, result)
      select md5(n::text)::uuid, 'bench-' || n % 10, 'local', 'local', 'sync',
             case when n % 1000 = 7 or n <= 1000 and n % 10 = 7 then 'failed' else 'succeeded' end, 'not_required', 'sha256:' || d.hex,
             'sha256:' || d.hex, 0, '{"decision":"allow","risk_level":"low","review_version":"sha256:0"}',
             t.at, t.at, md5('task ' || n)::uuid::text, md5('context ' || n)::uuid::text, n,
             md5((n - 1)::text)::uuid, 'sha256:' || d.hex, repeat('s', 130), md5('message ' || n)::uuid::text,
             '{"message":"Hello"}', '{"output":{"status":"completed","output":{"text":"Hello"}}}'
      from generate_series(1, $1::int) n,
           lateral (select md5(n::text) || md5('x' || n) as hex) d,
           lateral (select now() - make_interval(secs => ($1::int - n) * 0.1) as at) t`,
      [count],
    );
    for (const { definition } of rows) await db.query(definition);
    await db.query('vacuum analyze receipt');
  } finally {
    await db.end();
  }
}
