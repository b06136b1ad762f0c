import { chmod } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { startProduct, temporaryDataDir } from '../../test/support/product.ts';
import { treeMemory } from '../memory.ts';
import type { BenchOptions } from '../options.ts';
import { type Row, row } from '../report.ts';
import { productEnv } from '../setting.ts';
import { median } from '../statistics.ts';

const AGAIN = 3;
const REST_MS = 5_000;

/** From the command to its ready line, on its own servers unless others are given, and what it then holds. */
export async function start(options: BenchOptions): Promise<Row[]> {
  const folder = await temporaryDataDir();
  // As root, Postgres runs as another user, who must be able to get in.
  await chmod(folder.path, 0o711);
  const env = { ...productEnv(options), DATA_DIR: `${folder.path}/data` };
  try {
    const first = await timedStart(env);
    const memory = await atRest(first.pid);
    await first.end('SIGTERM');
    const again: number[] = [];
    for (let count = 0; count < AGAIN; count++) {
      const next = await timedStart(env);
      again.push(next.seconds);
      await next.end('SIGTERM');
    }
    return [
      row('ready, first start, programs in the cache', 's', first.seconds, {
        target: { of: 'ours', atMost: 20 },
      }),
      row('ready, a later start', 's', median(again), { target: { of: 'ours', atMost: 20 } }),
      row(`at rest, ${memory.processes} processes, shared pages once`, 'MB', memory.pss, {
        target: { of: 'ours', atMost: 700 },
      }),
      row(`at rest, ${memory.processes} processes, shared pages in each`, 'MB', memory.rss),
    ];
  } finally {
    await folder.remove();
  }
}

async function timedStart(env: Record<string, string>) {
  const begin = performance.now();
  const product = await startProduct(env);
  return { ...product, seconds: (performance.now() - begin) / 1_000 };
}

async function atRest(pid: number) {
  await delay(REST_MS);
  return treeMemory(pid);
}
