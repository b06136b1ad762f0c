/** `npm run load`: the product with much open, much kept, and more to do than it can. */
import { Measurements, runCommand, withServers } from '../bench/command.ts';
import { readOptions } from '../bench/options.ts';
import type { Row } from '../bench/report.ts';
import type { Servers } from '../bench/setting.ts';
import { finished } from './parts/finished.ts';
import { overload } from './parts/overload.ts';
import { soak } from './parts/soak.ts';
import { streams } from './parts/streams.ts';
import { waiting } from './parts/waiting.ts';

const DEFAULT_MINUTES = '2';

/** Each on a product of its own, on the same servers. */
const partsFor = (minutes: number): Record<string, (servers: Servers) => Promise<Row[]>> => ({
  streams,
  waiting,
  finished,
  overload,
  soak: (servers) => soak(servers, minutes),
});

await runCommand(
  () => {
    const options = readOptions(process.argv.slice(2), Object.keys(partsFor(0)), ['minutes']);
    const minutes = Number(options.minutes ?? DEFAULT_MINUTES);
    if (!(minutes > 0 && minutes <= 600)) throw new TypeError('--minutes: must be above 0 and at most 600');
    return { ...options, minutes };
  },
  async ({ minutes, ...options }) => {
    const all = new Measurements(options);
    await withServers(options, async (servers) => {
      for (const [part, work] of Object.entries(partsFor(minutes))) {
        await all.measure(part, () => work(servers));
      }
    });
    return all.rows;
  },
);
