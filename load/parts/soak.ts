import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { quietMemory } from '../../bench/memory.ts';
import { type Row, row } from '../../bench/report.ts';
import { onServers, type Servers } from '../../bench/setting.ts';
import { Load } from '../../test/support/load.ts';
import { type Product, startProduct } from '../../test/support/product.ts';

/** What a process makes when it is first used it keeps: that is no growth. */
const WARM_MS = 20_000;
const MOST_GROWTH = 1.25;

/** Clients that call for some minutes without a pause, on the workflows that come with the product. */
export async function soak(servers: Servers, minutes: number): Promise<Row[]> {
  const product = await startProduct({ ...onServers(servers), WORKFLOWS: '' });
  try {
    const warming = new Load(product.url);
    await delay(WARM_MS);
    const first = await warming.stop();
    const before = await stateOf(product);
    const load = new Load(product.url);
    await delay(minutes * 60_000);
    const { answered, failed, tasks } = await load.stop();
    const after = await stateOf(product);
    for (const each of [...first.failed, ...failed].slice(0, 5)) process.stderr.write(`${each}\n`);
    const name = `${minutes} minutes of calls`;
    const count = Object.values(answered).reduce((sum, each) => sum + each, 0);
    return [
      row(`${name}: answered`, '/s', count / (minutes * 60)),
      row(`${name}: tasks`, '/s', tasks.length / (minutes * 60)),
      row(`${name}: failed`, '/s', (first.failed.length + failed.length) / (minutes * 60), {
        target: { of: 'ours', atMost: 0 },
      }),
      row(`${name}: memory after | before`, 'MB', after.mb, {
        baseline: before.mb,
        target: { of: 'ratio', atMost: MOST_GROWTH },
      }),
      row(`${name}: open handles after | before`, '', after.handles, { baseline: before.handles }),
    ];
  } finally {
    await product.end('SIGTERM');
  }
}

async function stateOf({ pid }: Product): Promise<{ mb: number; handles: number }> {
  const mb = (await quietMemory(pid)) / 1_024;
  return { mb, handles: readdirSync(`/proc/${pid}/fd`).length };
}
