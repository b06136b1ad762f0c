import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startGround, type TestGround } from '../test/support/ground.ts';
import { endAllProducts } from '../test/support/product.ts';
import { startWebhook, type Webhook } from '../test/support/webhook.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { Member } from './member.ts';

/** What is put to the test: two hosts behind a balancer and two workers, on one Postgres and one Temporal. */
export interface Shape {
  ground: TestGround;
  balancer: Balancer;
  hosts: Member[];
  workers: Member[];
  webhook: Webhook;
  /** What a command needs to read the record. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

const WORKFLOWS = fileURLToPath(new URL('./workflows', import.meta.url));

export async function startShape(): Promise<Shape> {
  const [ground, balancer, webhook] = await Promise.all([startGround(), startBalancer(), startWebhook()]);
  const env = {
    ...ground.env,
    WORKFLOWS,
    PUBLIC_URL: balancer.url,
    PUSH_ALLOW: '127.0.0.1',
    LOG_LEVEL: 'error',
  };
  await prepareTrace(ground.direct.databaseUrl);
  const hosts = ['host 1', 'host 2'].map((name) => {
    let address: string | undefined;
    return new Member(name, { ...env, ROLE: 'host' }, (url) => {
      if (address !== undefined) balancer.targets.delete(address);
      address = new URL(url).host;
      balancer.targets.add(address);
    });
  });
  const workers = ['worker 1', 'worker 2'].map((name) => new Member(name, { ...env, ROLE: 'worker' }));
  const shape: Shape = {
    ground,
    balancer,
    hosts,
    workers,
    webhook,
    env,
    stop: async () => {
      await Promise.all([...hosts, ...workers].map((member) => member.stop()));
      await endAllProducts();
      await Promise.all([balancer.close(), webhook.close()]);
      await ground.stop();
    },
  };
  try {
    await Promise.all([...hosts, ...workers].map((member) => member.start()));
    return shape;
  } catch (error) {
    await shape.stop();
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
