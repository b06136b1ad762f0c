import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { startChild } from '../../bench/child.ts';
import type { Slice } from '../../bench/load/closed-loop.ts';
import { Connection, encode, FRESH_ID, type HttpRequest } from '../../bench/load/connection.ts';
import type { HttpLoad } from '../../bench/load/http-load.ts';
import { waitingTasks } from '../../bench/parts/follow-up.ts';
import { type Row, row } from '../../bench/report.ts';
import { getRequest, sendRequest } from '../../bench/rpc-requests.ts';
import { type Servers, type Setting, withProduct } from '../../bench/setting.ts';
import { percentile } from '../../bench/statistics.ts';
import { agentUrl } from '../../test/support/rpc.ts';
import type { OpenLoad, Outcomes } from '../open-load.ts';

const CLIENTS = 25;
const MEASURE_MS = 5_000;
const OVERLOAD_MS = 20_000;
const TIMES = 2;
/** As usual again: so many in a row are answered about as fast as when nothing else is asked. */
const IN_A_ROW = 5;
const ABOUT = 2;
const GIVE_UP_MS = 30_000;

interface Kind {
  name: string;
  requests: HttpRequest[];
  expect: string;
}

/** Twice what the host can do for 20 s: what becomes of it, and how soon all is as before. */
export const overload = (servers: Servers): Promise<Row[]> =>
  withProduct(servers, async (setting) => {
    const { url } = setting.product;
    const ask = agentUrl(url, 'bench-ask');
    const reads = (await waitingTasks(url, 100)).map((id) => getRequest(ask, id));
    return [
      ...(await measure(setting, { name: 'reads', requests: reads, expect: '"status"' })),
      ...(await measure(setting, {
        name: 'blocking sends',
        requests: [sendRequest(url, 'bench-empty')],
        expect: '"TASK_STATE_COMPLETED"',
      })),
    ];
  });

async function measure({ load }: Setting, { name, requests, expect }: Kind): Promise<Row[]> {
  const closed = (clients: number, ms: number) =>
    // Of what is taken for later the rate is as good.
    load.ask<Slice>({ requests, expect: '"status"', clients, ms } satisfies HttpLoad);
  await closed(CLIENTS, 1_000);
  const alone = (await closed(1, 2_000)).latencies.toSorted();
  const full = await closed(CLIENTS, MEASURE_MS);
  const capacity = full.latencies.length / full.seconds;
  const latencies = full.latencies.toSorted();

  const child = await startChild(new URL('../open-load.ts', import.meta.url), undefined);
  try {
    const over = await child.ask<Outcomes>({
      requests,
      expect,
      perSecond: TIMES * capacity,
      ms: OVERLOAD_MS,
    } satisfies OpenLoad);
    const ended = performance.now();
    const recovered = await usualAgain(requests, expect, ABOUT * percentile(alone, 0.95));
    if (over.failed.length > 0) {
      process.stderr.write(`${over.failed.length} of the ${name} failed: ${over.failed[0]}\n`);
    }
    const seconds = OVERLOAD_MS / 1_000;
    const what = `${name}, ${TIMES} times the capacity`;
    const took = (part: number, of: Float64Array) => (of.length === 0 ? 0 : percentile(of.toSorted(), part));
    return [
      row(`${what}: answered | at capacity`, '/s', over.answered.length / seconds, { baseline: capacity }),
      ...([0.5, 0.99] as const).map((part) =>
        row(`${what}: answered, p${part * 100} | at capacity`, 'ms', took(part, over.answered), {
          baseline: percentile(latencies, part),
        }),
      ),
      row(`${what}: taken for later`, '/s', over.later.length / seconds),
      row(`${what}: refused`, '/s', over.refused.length / seconds),
      row(`${what}: refused, p99`, 'ms', took(0.99, over.refused)),
      row(`${what}: failed, or not sent`, '/s', (over.failed.length + over.unsent) / seconds),
      row(`${what}: as usual again`, 's', (recovered - ended) / 1_000, { target: { of: 'ours', atMost: 5 } }),
    ];
  } finally {
    await child.end();
  }
}

/** When the first of some in a row was asked that were all answered within this time. */
async function usualAgain(requests: HttpRequest[], expect: string, withinMs: number): Promise<number> {
  const [first] = requests;
  if (first === undefined) throw new Error('no request');
  const connection = await Connection.open(first.url);
  const deadline = performance.now() + GIVE_UP_MS;
  try {
    for (let since = performance.now(), inARow = 0; ; ) {
      const begin = performance.now();
      const answer = await connection
        .ask(encode(first).replace(FRESH_ID, () => randomUUID()))
        .catch(() => '');
      const now = performance.now();
      inARow = answer.includes(expect) && now - begin <= withinMs ? inARow + 1 : 0;
      if (inARow === 0) since = now;
      if (inARow === IN_A_ROW || now > deadline) return inARow === IN_A_ROW ? since : now;
    }
  } finally {
    connection.close();
  }
}
