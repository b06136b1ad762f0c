/** `npm run bench`: what the product costs beside what it stands on. */
import { startGround } from '../test/support/ground.ts';
import { endAllProducts } from '../test/support/product.ts';
import { endAllChildren } from './child.ts';
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
import { type Row, table, writeJson } from './report.ts';
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

async function run(options: BenchOptions): Promise<Row[]> {
  const wanted = (part: string) => options.only === undefined || options.only === part;
  const rows: Row[] = [];
  const measure = async (part: string, work: () => Promise<Row[]>) => {
    if (!wanted(part)) return;
    const begin = Date.now();
    const measured = await work();
    process.stderr.write(`${part}: ${((Date.now() - begin) / 1_000).toFixed(0)} s\n`);
    rows.push(...measured);
  };
  await measure('start', () => start(options));
  if (options.only === 'start') return rows;
  await onServers(options, async (servers) => {
    if (Object.keys(ON_PRODUCT).some(wanted)) {
      await withProduct(servers, async (setting) => {
        for (const [part, work] of Object.entries(ON_PRODUCT)) await measure(part, () => work(setting));
      });
    }
    for (const [part, work] of Object.entries(ON_SERVERS)) await measure(part, () => work(servers));
  });
  return rows;
}

/** The given servers; embedded ones, ended afterwards, when one is missing. */
async function onServers(options: BenchOptions, use: (servers: Servers) => Promise<void>): Promise<void> {
  const { temporal, database } = options;
  if (temporal !== undefined && database !== undefined) {
    await use({ temporalAddress: temporal, databaseUrl: database });
    return;
  }
  const ground = await startGround();
  try {
    await use({
      temporalAddress: temporal ?? ground.direct.temporalAddress,
      databaseUrl: database ?? ground.direct.databaseUrl,
    });
  } finally {
    await ground.stop();
  }
}

async function endEverything(): Promise<void> {
  endAllChildren();
  await endAllProducts();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endEverything().finally(() => process.exit(130)));
}

try {
  const options = readOptions(process.argv.slice(2), [
    ...new Set(['start', ...Object.keys(ON_PRODUCT), ...Object.keys(ON_SERVERS)]),
  ]);
  const rows = await run(options);
  process.stdout.write(`${table(rows)}\n`);
  if (options.json !== undefined) await writeJson(options.json, rows);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
  process.exitCode = 1;
} finally {
  await endEverything();
}
