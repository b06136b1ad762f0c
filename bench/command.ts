import { startGround } from '../test/support/ground.ts';
import { endAllProducts } from '../test/support/product.ts';
import { endAllChildren } from './child.ts';
import type { BenchOptions } from './options.ts';
import { type Row, table, writeJson } from './report.ts';
import type { Servers } from './setting.ts';

/** Measures parts one after the other, each unless another one is wanted. */
export class Measurements {
  readonly rows: Row[] = [];
  readonly #only: string | undefined;

  constructor({ only }: Pick<BenchOptions, 'only'>) {
    this.#only = only;
  }

  wanted(part: string): boolean {
    return this.#only === undefined || this.#only === part;
  }

  async measure(part: string, work: () => Promise<Row[]>): Promise<void> {
    if (!this.wanted(part)) return;
    const begin = Date.now();
    const measured = await work();
    process.stderr.write(`${part}: ${((Date.now() - begin) / 1_000).toFixed(0)} s\n`);
    this.rows.push(...measured);
  }
}

/** The given servers; embedded ones, ended afterwards, when one is missing. */
export async function withServers(
  { temporal, database }: BenchOptions,
  use: (servers: Servers) => Promise<void>,
): Promise<void> {
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

/** Runs a command that measures: prints its rows, and leaves nothing running, whatever happens. */
export async function runCommand<O extends Pick<BenchOptions, 'json'>>(
  readOptions: () => O,
  run: (options: O) => Promise<readonly Row[]>,
): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void endEverything().finally(() => process.exit(130)));
  }
  try {
    const options = readOptions();
    const rows = await run(options);
    process.stdout.write(`${table(rows)}\n`);
    if (options.json !== undefined) await writeJson(options.json, rows);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    process.exitCode = 1;
  } finally {
    await endEverything();
  }
}

async function endEverything(): Promise<void> {
  endAllChildren();
  await endAllProducts();
}
