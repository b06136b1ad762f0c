/** `npm run bench`: what the product costs beside what it stands on. */
import { Measurements, runCommand, withServers } from './command.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { credentials } from './parts/credentials.ts';
import { followUp } from './parts/follow-up.ts';
import { gateway } from './parts/gateway.ts';
import { get } from './parts/get.ts';
import { searchAtSize } from './parts/large-registry.ts';
import { plain } from './parts/plain.ts';
import { receipts } from './parts/receipts.ts';
import { recovery } from './parts/recovery.ts';
import { card, search } from './parts/registry.ts';
import { send } from './parts/send.ts';
import { start } from './parts/start.ts';
import { streams } from './parts/streams.ts';
import { sweep } from './parts/sweep.ts';
import type { Row } from './report.ts';
import { type Servers, type Setting, withProduct } from './setting.ts';

/** On a running product, together. */
const ON_PRODUCT: Record<string, (setting: Setting) => Promise<Row[]>> = {
  send,
  plain,
  get,
  card,
  search,
  'follow-up': followUp,
  gateway,
};

/** Each on products of its own, on the same servers. */
const ON_SERVERS: Record<string, (servers: Servers) => Promise<Row[]>> = {
  credentials,
  streams,
  recovery,
  sweep,
  receipts,
  // A part of the one above, on a product of its own.
  search: searchAtSize,
};

const PARTS = [...new Set(['start', ...Object.keys(ON_PRODUCT), ...Object.keys(ON_SERVERS)])];

async function run(options: BenchOptions): Promise<Row[]> {
  const all = new Measurements(options);
  await all.measure('start', () => start(options));
  if (options.only === 'start') return all.rows;
  await withServers(options, async (servers) => {
    if (Object.keys(ON_PRODUCT).some((part) => all.wanted(part))) {
      await withProduct(servers, async (setting) => {
        for (const [part, work] of Object.entries(ON_PRODUCT)) await all.measure(part, () => work(setting));
      });
    }
    for (const [part, work] of Object.entries(ON_SERVERS)) await all.measure(part, () => work(servers));
  });
  return all.rows;
}

await runCommand(() => readOptions(process.argv.slice(2), PARTS), run);
