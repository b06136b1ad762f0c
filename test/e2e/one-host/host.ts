import { afterAll, beforeAll } from 'vitest';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../../support/product.ts';

export const MAX_BODY = 2_000_000;

/** The host of all that is told of one that nobody has set up for it. */
export let product: Product;

const dataDir = await temporaryDataDir();

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path, MAX_BODY: String(MAX_BODY) });
});

afterAll(async () => {
  await killAllProducts();
  await dataDir.remove();
});
