import { performance } from 'node:perf_hooks';
import { startChild } from '../../bench/child.ts';
import type { StreamRequest } from '../../bench/load/stream-load.ts';
import { quietMemory } from '../../bench/memory.ts';
import { waitingTasks } from '../../bench/parts/follow-up.ts';
import { watched } from '../../bench/parts/streams.ts';
import { type Row, row } from '../../bench/report.ts';
import { rpcRequest } from '../../bench/rpc-requests.ts';
import { type Servers, type Setting, withProduct } from '../../bench/setting.ts';
import { percentile } from '../../bench/statistics.ts';
import { agentUrl } from '../../test/support/rpc.ts';

const TASKS = 500;
/** On tasks in which nothing happens, and on one that changes. */
const QUIET = 4_000;
const LIVELY = 1_000;
const ALL = QUIET + LIVELY;

const LOAD = new URL('../../bench/load/stream-load.ts', import.meta.url);

/** 5,000 streams open on one host, of which 1,000 are on one task that changes. */
export const streams = (servers: Servers): Promise<Row[]> => withProduct(servers, measure);

async function measure({ product }: Setting): Promise<Row[]> {
  const [quiet, lively] = await Promise.all([startChild(LOAD, undefined), startChild(LOAD, undefined)]);
  try {
    const tasks = await waitingTasks(product.url, TASKS);
    const url = agentUrl(product.url, 'bench-ask');
    const before = await quietMemory(product.pid);
    const begin = performance.now();
    const open = tasks.map((id) => rpcRequest(url, 'SubscribeToTask', { id }));
    await quiet.ask({ open, count: QUIET } satisfies StreamRequest);
    const seconds = (performance.now() - begin) / 1_000;
    let perStream = 0;
    const waits = await watched(product.url, lively, LIVELY, async () => {
      perStream = ((await quietMemory(product.pid)) - before) / ALL;
    });
    return [
      row(`streams opened on ${TASKS} tasks`, '/s', QUIET / seconds),
      row(`memory a stream, ${ALL} open`, 'KB', perStream, { target: { of: 'ours', atMost: 40 } }),
      row(`change to ${LIVELY} subscribers of ${ALL}, the last, p50`, 'ms', percentile(waits, 0.5)),
      row(`change to ${LIVELY} subscribers of ${ALL}, the last, p99`, 'ms', percentile(waits, 0.99), {
        target: { of: 'ours', atMost: 250 },
      }),
    ];
  } finally {
    await Promise.all([quiet.end(), lively.end()]);
  }
}
