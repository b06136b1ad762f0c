/** kill -9 at each step of a call through the gateway: no receipt is lost or stays running, and each tells the truth. */
import { PrismaPg } from '@prisma/adapter-pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { PrismaClient } from '../../src/storage/generated/client.ts';
import { GatewayClient } from '../support/gateway.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, runProduct, startProduct } from '../support/product.ts';
import { type RemoteServer, startRemoteAgent } from '../support/remote-agent.ts';
import type { Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

let ground: TestGround;
let db: PrismaClient;
let remote: RemoteServer;

beforeAll(async () => {
  ground = await startGround();
  remote = await startRemoteAgent({ capabilities: { streaming: true } });
  db = new PrismaClient({ adapter: new PrismaPg({ connectionString: ground.databaseUrl }) });
});

beforeEach(async () => {
  const tables = await db.$queryRaw<[]>`select 1 from pg_tables where tablename = 'receipt'`;
  if (tables.length > 0) await db.$executeRaw`truncate receipt, receipt_chain, receipt_verdict, task cascade`;
});

afterEach(endAllProducts);

afterAll(async () => {
  await db?.$disconnect();
  await remote?.close();
  await ground?.stop();
});

interface Point {
  at: string;
  mode: 'invoke' | 'invoke-async';
  /** What is there after the restart; none when the call was never begun. */
  status?: string;
  /** How often the agent was set to work. */
  runs: 0 | 1;
  quick?: true;
}

const POINTS: Point[] = [
  { at: 'open:before', mode: 'invoke', runs: 0 },
  // Nobody knows whether its caller has sent it again: it is not made behind their back.
  { at: 'open:after', mode: 'invoke', status: 'failed', runs: 0 },
  { at: 'accept:before', mode: 'invoke', status: 'failed', runs: 0 },
  { at: 'accept:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'start:before', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'start:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'project:before', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'project:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'finish:before', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'finish:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'open:before', mode: 'invoke-async', runs: 0 },
  // A caller may have heard that it was accepted: it is made.
  { at: 'open:after', mode: 'invoke-async', status: 'succeeded', runs: 1, quick: true },
  { at: 'accept:before', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'accept:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'start:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'project:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'finish:before', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'finish:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
];

/** Of an agent elsewhere, which takes a while and does not end with the host. */
const ELSEWHERE: Point[] = [
  { at: 'open:before', mode: 'invoke', runs: 0 },
  { at: 'open:after', mode: 'invoke', status: 'failed', runs: 0 },
  { at: 'send:before', mode: 'invoke', status: 'failed', runs: 0 },
  // It has begun, and nobody has noted where: that is what its receipt says.
  { at: 'noteTask:before', mode: 'invoke', status: 'failed', runs: 1 },
  { at: 'noteTask:after', mode: 'invoke', status: 'succeeded', runs: 1, quick: true },
  { at: 'send:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'finish:before', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'finish:after', mode: 'invoke', status: 'succeeded', runs: 1 },
  { at: 'open:before', mode: 'invoke-async', runs: 0 },
  { at: 'open:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'begin:before', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  // The same message again: the agent knows it by its id.
  { at: 'begin:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'noteTask:before', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'noteTask:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'settled:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'finish:before', mode: 'invoke-async', status: 'succeeded', runs: 1 },
  { at: 'finish:after', mode: 'invoke-async', status: 'succeeded', runs: 1 },
];

const wanted = (points: Point[]) => points.filter(({ quick }) => quick || process.env.FULL);

it.each(wanted(POINTS))('$mode, killed at $at: $status', { timeout: 240_000 }, async (point) => {
  const { client, receipts } = await killedAndSettled(point, (dying) =>
    dying.post(`/agents/echo/${point.mode}`, { message: 'hello' }),
  );
  expect(await db.task.count()).toBe(point.runs);
  if (point.status !== 'succeeded') return;
  const { receipt, output } = await client.receipt(receipts[0]?.receipt_id);
  const [task] = await db.task.findMany();
  expect(output).toMatchObject({ task_id: task?.id, status: 'completed', output: { text: 'hello' } });
  expect(receipt.task_id).toBe(task?.id);
});

it.each(wanted(ELSEWHERE))(
  'an agent elsewhere: $mode, killed at $at: $status',
  { timeout: 240_000 },
  async (point) => {
    const before = remote.runs;
    const { client, receipts } = await killedAndSettled(point, async (dying) => {
      await dying.post('/agents', { agent_id: 'remote', card_url: remote.cardUrl, allow_private: true });
      await dying.post(`/agents/remote/${point.mode}`, { message: 'slow' });
    });
    expect(remote.runs - before).toBe(point.runs);
    const [receipt] = receipts;
    if (receipt === undefined) return;
    const { output, stderr } = await client.receipt(receipt.receipt_id);
    if (point.status === 'failed') expect(stderr).toMatch(/broken off, and whether it reached the agent/);
    else {
      expect(output).toMatchObject({ status: 'completed', output: { echoed: ['slow'] } });
      expect(receipt.task_id).toBe(output.task_id);
    }
  },
);

/** Calls a product that dies at the point, and waits for what the next one makes of it. */
async function killedAndSettled(
  { at, status }: Point,
  call: (client: GatewayClient) => Promise<unknown>,
): Promise<{ client: GatewayClient; receipts: Wire[] }> {
  const env = { ...ground.env, INVOKE_TIMEOUT: '10' };
  const dying = await startProduct({ ...env, KILL_AT: at });
  // It may have answered before it died: what is asynchronous goes on behind the answer.
  await call(new GatewayClient(dying.url)).catch(() => undefined);
  expect((await dying.exited).signal).toBe('SIGKILL');

  const client = new GatewayClient((await startProduct(env)).url);
  const receipts: Wire[] = await until(
    'no receipt is running',
    async () => {
      const { status: answered, body } = await client.get('/receipts');
      if (answered !== 200) return undefined;
      return body.receipts.some((each: Wire) => each.status === 'running') ? undefined : body.receipts;
    },
    120_000,
  );
  expect(receipts).toMatchObject(status === undefined ? [] : [{ status }]);
  const proved = await runProduct(['receipts', 'verify', '--all', '--json'], ground.env);
  expect(JSON.parse(proved.stdout)).toEqual({ receipts: receipts.length, findings: [] });
  return { client, receipts };
}
