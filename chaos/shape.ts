import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { type Cluster, type ClusterOptions, startCluster } from '../cluster/cluster.ts';
import { startGround, type TestGround } from '../test/support/ground.ts';
import { endAllProducts } from '../test/support/product.ts';
import { startWebhook, type Webhook } from '../test/support/webhook.ts';
import { memoryProbe } from './memory.ts';

/** What is put to the test: hosts behind a balancer and workers, on one Postgres and one Temporal. */
export interface Shape extends Cluster {
  ground: TestGround;
  webhook: Webhook;
  /** What a command needs to read the record. */
  env: Record<string, string>;
}

const WORKFLOWS = fileURLToPath(new URL('./workflows', import.meta.url));

export async function startShape(size: Pick<ClusterOptions, 'hosts' | 'workers'>): Promise<Shape> {
  const [ground, webhook] = await Promise.all([startGround(), startWebhook()]);
  const env = { ...ground.env, WORKFLOWS, PUSH_ALLOW: '127.0.0.1', LOG_LEVEL: 'error' };
  const stopGround = async () => {
    await endAllProducts();
    await webhook.close();
    await ground.stop();
  };
  try {
    await prepareTrace(ground.direct.databaseUrl);
    const cluster = await startCluster({ ...env, ...memoryProbe }, size);
    return {
      ...cluster,
      ground,
      webhook,
      env: { ...env, PUBLIC_URL: cluster.balancer.url },
      stop: async () => {
        await cluster.stop();
        await stopGround();
      },
    };
  } catch (error) {
    await stopGround();
    throw error;
  }
}

/** Where the activities of the workflows leave what they did. */
async function prepareTrace(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    CREATE SCHEMA chaos;
    CREATE TABLE chaos.trace (key text, step text, workflow_id text, PRIMARY KEY (key, step, workflow_id));
    CREATE TABLE chaos.counter (key text PRIMARY KEY, total int NOT NULL)`);
  await client.end();
}
