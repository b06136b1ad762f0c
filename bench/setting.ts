import { fileURLToPath } from 'node:url';
import { type Product, startProduct } from '../test/support/product.ts';
import { newSigningKey } from '../test/support/signing-key.ts';
import { type Child, startChild } from './child.ts';
import type { Contestant } from './compare.ts';
import type { Slice } from './load/closed-loop.ts';
import type { HttpLoad } from './load/http-load.ts';
import type { BenchOptions } from './options.ts';

/** The servers that everything of one run stands on. */
export interface Servers {
  databaseUrl: string;
  temporalAddress: string;
}

/** What a part of the bench works with: the product running on the servers, and a process that makes load. */
export interface Setting {
  servers: Servers;
  product: Product;
  load: Child;
}

const SIGNING_KEY = newSigningKey();
const WORKFLOWS = fileURLToPath(new URL('./workflows', import.meta.url));

/** What the product is told, on the given servers; embedded ones for those that are not given. */
export const productEnv = ({ temporal, database }: BenchOptions): Record<string, string> => ({
  WORKFLOWS,
  LOG_LEVEL: 'error',
  // Whatever the shell names is not what the bench was told to use.
  TEMPORAL_ADDRESS: temporal ?? '',
  DATABASE_URL: database ?? '',
  SIGNING_KEY: database === undefined ? '' : SIGNING_KEY,
  GATEWAY_SECRET_KEY: database === undefined ? '' : 'a key for measurements that everyone knows',
});

export const onServers = ({ temporalAddress, databaseUrl }: Servers): Record<string, string> =>
  productEnv({ temporal: temporalAddress, database: databaseUrl });

export async function withProduct<T>(servers: Servers, use: (setting: Setting) => Promise<T>): Promise<T> {
  const product = await startProduct(onServers(servers));
  const load = await startChild(new URL('./load/http-load.ts', import.meta.url), undefined);
  try {
    return await use({ servers, product, load });
  } catch (error) {
    process.stderr.write(product.log());
    throw error;
  } finally {
    await load.end();
    await product.end('SIGTERM');
  }
}

/** One that is asked over HTTP. */
export const httpContestant = (
  name: string,
  load: Child,
  requests: Omit<HttpLoad, 'clients' | 'ms'>,
): Contestant => ({
  name,
  run: (clients, ms) => load.ask<Slice>({ ...requests, clients, ms } satisfies HttpLoad),
});
