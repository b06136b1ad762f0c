import { setTimeout as delay } from 'node:timers/promises';
import type { Product } from '../../test/support/product.ts';
import { agentUrl } from '../../test/support/rpc.ts';
import { type Child, startChild } from '../child.ts';
import type { StreamRequest, Waits } from '../load/stream-load.ts';
import { quietMemory } from '../memory.ts';
import { type Row, row } from '../report.ts';
import { rpcRequest } from '../rpc-requests.ts';
import { type Servers, withProduct } from '../setting.ts';
import { percentile } from '../statistics.ts';
import { newTicker, startTicking } from './tickers.ts';

const TICKS = 30;
const EVERY_MS = 200;
const MANY = 1_000;
// The last of some changes may come late; this is not waited for for ever.
const PATIENCE_MS = 20_000;

/**
 * From a workflow's change to those who watch its task, and what each of them costs. On a product just started:
 * what another part left for the garbage collector would count as a stream's.
 */
export const streams = (servers: Servers): Promise<Row[]> =>
  withProduct(servers, ({ product }) => measure(product));

async function measure(product: Product): Promise<Row[]> {
  const load = await startChild(new URL('../load/stream-load.ts', import.meta.url), undefined);
  try {
    const one = await watched(product.url, load, 1);
    const before = await quietMemory(product.pid);
    let perStream = 0;
    const many = await watched(product.url, load, MANY, async () => {
      perStream = ((await quietMemory(product.pid)) - before) / MANY;
    });
    return [
      ...['p50', 'p99'].map((figure) =>
        row(`change to 1 subscriber, ${figure}`, 'ms', percentile(one, figure === 'p50' ? 0.5 : 0.99)),
      ),
      row(`change to ${MANY} subscribers, the last, p50`, 'ms', percentile(many, 0.5)),
      row(`change to ${MANY} subscribers, the last, p99`, 'ms', percentile(many, 0.99), {
        target: { of: 'ours', atMost: 250 },
      }),
      row('memory a stream', 'KB', perStream, { target: { of: 'ours', atMost: 40 } }),
    ];
  } finally {
    await load.end();
  }
}

/** For each change, sorted: how long until the last subscriber had it, ms. */
export async function watched(
  base: string,
  load: Child,
  count: number,
  whileOpen: () => Promise<void> = async () => {},
): Promise<number[]> {
  const id = await newTicker(base, { times: TICKS, everyMs: EVERY_MS, by: 'activity' });
  const open = rpcRequest(agentUrl(base, 'bench-tick'), 'SubscribeToTask', { id });
  await load.ask({ open: [open], count } satisfies StreamRequest);
  await whileOpen();
  await startTicking(base, id);
  await delay(TICKS * EVERY_MS);
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await hasEnded(base, id)) && Date.now() < deadline) await delay(100);
  await delay(500);
  const waits = await load.ask<Waits>({ collect: true } satisfies StreamRequest);
  if (waits.size < TICKS / 3) throw new Error(`of ${TICKS} changes the subscribers saw ${waits.size}`);
  const short = [...waits].find(([, each]) => each.length !== count);
  if (short !== undefined)
    throw new Error(`change ${short[0]} reached ${short[1].length} of ${count} streams`);
  return [...waits.values()].map((each) => Math.max(...each)).sort((a, b) => a - b);
}

async function hasEnded(base: string, id: string): Promise<boolean> {
  const { url, body, headers } = rpcRequest(agentUrl(base, 'bench-tick'), 'GetTask', { id });
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: body ?? '',
  });
  return (await response.text()).includes('"TASK_STATE_COMPLETED"');
}
