import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import type { BundleStore, WorkflowBundle } from '../temporal/deployment.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);
// The default takes seconds for a bundle; this takes a tenth of one and saves nearly as much.
const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Deployed workflow code in Postgres, where every worker finds it. */
export class PrismaBundleStore implements BundleStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  save({ buildId, code, taskQueues }: WorkflowBundle): Promise<void> {
    return reachable(async () => {
      if ((await this.#db.workflowBundle.count({ where: { buildId } })) > 0) return;
      const compressed = new Uint8Array(await compress(code, QUICK));
      const data = { buildId, code: compressed, taskQueues };
      await this.#db.workflowBundle.upsert({ where: { buildId }, create: data, update: {} });
    });
  }

  load(buildId: string): Promise<WorkflowBundle | undefined> {
    return reachable(async () => {
      const row = await this.#db.workflowBundle.findUnique({ where: { buildId } });
      if (row === null) return undefined;
      const code = (await decompress(row.code)).toString('utf8');
      return { buildId, code, taskQueues: row.taskQueues };
    });
  }
}
