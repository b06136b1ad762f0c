/** kill -9 at each step of a call through the gateway: no receipt is lost or stays running, and each tells the truth. */
import { PrismaPg } from '@prisma/adapter-pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { PrismaClient } from '../../src/storage/generated/client.ts';
import { GatewayClient } from '../support/gateway.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, runProduct, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

let ground: TestGround;
let db: PrismaClient;

beforeAll(async () => {
  ground = await startGround();
  db = new PrismaClient({ adapter: new PrismaPg({ connectionString: ground.databaseUrl }) });
});

beforeEach(async () => {
  const tables = await db.$queryRaw<[]>`select 1 from pg_tables where tablename = 'receipt'`;
  if (tables.length > 0) await db.$executeRaw`truncate receipt, receipt_chain, receipt_verdict, task cascade`;
});

afterEach(endAllProducts);

afterAll(async () => {
  await db?.$disconnect();
  await ground?.stop();
});

interface Point {
  at: string;
  mode: 'invoke' | 'invoke-async';
  /** What is there after the restart; none when the call was never begun. */
  status?: string;
  /** How often the workflow ran. */
  tasks: 0 | 1;
  quick?: true;
}

const POINTS: Point[] = [
  { at: 'open:before', mode: 'invoke', tasks: 0 },
  // Nobody knows whether its caller has sent it again: it is not made behind their back.
  { at: 'open:after', mode: 'invoke', status: 'failed', tasks: 0 },
  { at: 'accept:before', mode: 'invoke', status: 'failed', tasks: 0 },
  { at: 'accept:after', mode: 'invoke', status: 'succeeded', tasks: 1, quick: true },
  { at: 'start:before', mode: 'invoke', status: 'succeeded', tasks: 1 },
  { at: 'start:after', mode: 'invoke', status: 'succeeded', tasks: 1 },
  { at: 'project:before', mode: 'invoke', status: 'succeeded', tasks: 1 },
  { at: 'project:after', mode: 'invoke', status: 'succeeded', tasks: 1 },
  { at: 'finish:before', mode: 'invoke', status: 'succeeded', tasks: 1, quick: true },
  { at: 'finish:after', mode: 'invoke', status: 'succeeded', tasks: 1, quick: true },
  { at: 'open:before', mode: 'invoke-async', tasks: 0 },
  // A caller may have heard that it was accepted: it is made.
  { at: 'open:after', mode: 'invoke-async', status: 'succeeded', tasks: 1, quick: true },
  { at: 'accept:before', mode: 'invoke-async', status: 'succeeded', tasks: 1 },
  { at: 'accept:after', mode: 'invoke-async', status: 'succeeded', tasks: 1, quick: true },
  { at: 'start:after', mode: 'invoke-async', status: 'succeeded', tasks: 1 },
  { at: 'project:after', mode: 'invoke-async', status: 'succeeded', tasks: 1 },
  { at: 'finish:before', mode: 'invoke-async', status: 'succeeded', tasks: 1 },
  { at: 'finish:after', mode: 'invoke-async', status: 'succeeded', tasks: 1, quick: true },
];

it.each(POINTS.filter(({ quick }) => quick || process.env.FULL))(
  '$mode, killed at $at: $status',
  { timeout: 240_000 },
  async ({ at, mode, status, tasks }) => {
    const dying = await startProduct({ ...ground.env, KILL_AT: at });
    // It may have answered before it died: what is asynchronous goes on behind the answer.
    await new GatewayClient(dying.url)
      .post(`/agents/echo/${mode}`, { message: 'hello' })
      .catch(() => undefined);
    expect((await dying.exited).signal).toBe('SIGKILL');

    const { url } = await startProduct(ground.env);
    const client = new GatewayClient(url);
    const receipts = await until(
      'no receipt is running',
      async () => {
        const { status: answered, body } = await client.get('/receipts');
        if (answered !== 200) return undefined;
        return body.receipts.some((each: { status: string }) => each.status === 'running')
          ? undefined
          : body.receipts;
      },
      120_000,
    );
    expect(receipts).toMatchObject(status === undefined ? [] : [{ status }]);
    expect(await db.task.count()).toBe(tasks);
    if (status === 'succeeded') {
      const { receipt, output } = await client.receipt(receipts[0].receipt_id);
      const [task] = await db.task.findMany();
      expect(output).toMatchObject({ task_id: task?.id, status: 'completed', output: { text: 'hello' } });
      expect(receipt.task_id).toBe(task?.id);
    }
    const proved = await runProduct(['receipts', 'verify', '--all', '--json'], ground.env);
    expect(JSON.parse(proved.stdout)).toEqual({ receipts: receipts.length, findings: [] });
  },
);
