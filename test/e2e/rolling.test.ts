/** Every process of a deployment is replaced in turn, under load, and nobody notices. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../cluster/cluster.ts';
import { startClusterTemporal } from '../../cluster/temporal.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { Load } from '../support/load.ts';
import { endAllProducts } from '../support/product.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 600_000;

describe.runIf(process.env.FULL)('two hosts and two workers, replaced in turn under load', () => {
  let ground: TestGround;
  let cluster: Cluster;

  beforeAll(async () => {
    // The server as it runs in production, where it can be had.
    ground = await startGround(async ({ dataDir, postgresUrl }) =>
      startClusterTemporal({
        dataDir,
        postgresUrl: await postgresUrl,
        embedded: false,
        progress: console.log,
      }),
    );
    cluster = await startCluster({ ...ground.env, DRAIN: '3' }, { checkMs: 250 });
  }, WITHIN_MS);

  afterAll(async () => {
    await cluster?.stop();
    await endAllProducts();
    await ground?.stop();
  }, WITHIN_MS);

  it(
    'no request fails, no task fails, every stream comes to its end',
    async () => {
      const load = new Load(cluster.balancer.url);
      const more = async () => {
        const before = load.answered;
        await until('some more is answered', () => load.answered > before + 20 || undefined, 120_000);
      };
      await more();
      for (const member of [...cluster.workers, ...cluster.hosts]) {
        await member.end('SIGTERM');
        const { url } = await member.up();
        if (url.startsWith('http')) await cluster.balancer.ready(new URL(url).host);
        await more();
      }
      const { failed, answered, cameBack, tasks } = await load.stop();
      expect(failed).toEqual([]);
      expect(cameBack).toBeGreaterThan(0);
      expect(Object.keys(answered).sort()).toEqual(['card', 'invoke', 'send', 'stream']);
      for (const member of [...cluster.hosts, ...cluster.workers]) {
        expect([member.name, member.starts, member.problems]).toEqual([member.name, 2, []]);
      }
      expect(await states()).toEqual({ completed: new Set(tasks).size });
    },
    WITHIN_MS,
  );

  async function states(): Promise<Record<string, number>> {
    const record = new Client({ connectionString: ground.databaseUrl });
    await record.connect();
    try {
      const { rows } = await record.query<{ state: string; count: number }>(
        'SELECT state, count(*)::int FROM task GROUP BY state',
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    } finally {
      await record.end();
    }
  }
});
