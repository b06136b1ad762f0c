import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PrismaClient } from '../../src/storage/generated/client.ts';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, startProduct } from '../support/product.ts';
import { agentUrl, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' } as const;

// Which of the two messages of a conversation is under way when the process dies.
const POINTS = [
  { at: 'accept:before', during: 'first', quick: false },
  { at: 'accept:after', during: 'first', quick: false },
  { at: 'start:before', during: 'first', quick: false },
  { at: 'start:after', during: 'first', quick: true },
  { at: 'project:before', during: 'first', quick: false },
  { at: 'project:after', during: 'first', quick: false },
  { at: 'append:before', during: 'second', quick: false },
  { at: 'append:after', during: 'second', quick: false },
  { at: 'deliver:before', during: 'second', quick: false },
  { at: 'deliver:after', during: 'second', quick: false },
  { at: 'project:before', during: 'second', quick: false },
  { at: 'project:after', during: 'second', quick: false },
  // What the workflow took, and told the record of, Temporal has not kept.
  { at: 'project:after', during: 'second', dead: 'host and Temporal', quick: true },
]
  .filter(({ quick }) => quick || process.env.FULL)
  .map((point) => ({ dead: 'host', ...point }));

describe('a kill between two writes ends as if there had been none', () => {
  let ground: TestGround;
  let connection: Connection;
  let temporal: Client;
  let db: PrismaClient;

  beforeAll(async () => {
    ground = await startGround();
    connection = await Connection.connect({ address: ground.temporalAddress });
    temporal = new Client({ connection });
    db = new PrismaClient({ adapter: new PrismaPg({ connectionString: ground.databaseUrl }) });
  });

  afterEach(endAllProducts);

  afterAll(async () => {
    await db?.$disconnect();
    await connection?.close();
    await ground?.stop();
  });

  const send = (url: string, message: Wire) =>
    rpc(agentUrl(url, 'expense-approval'), 'SendMessage', { message }, V1);

  const taskInState = (messageId: string, state: string) =>
    until(`the task of ${messageId} is ${state}`, async () => {
      const first = await db.taskMessage.findFirst({ where: { messageId }, include: { task: true } });
      return first?.task.state === state ? first.task : undefined;
    });

  it.each(POINTS)('$dead, at $at, during the $during message', async (point) => {
    const { at, during, dead } = point;
    const first = userMessage([{ data: { amount: 900, currency: 'EUR', purpose: 'desk' } }]);
    let product = await startProduct(during === 'first' ? { ...ground.env, KILL_AT: at } : ground.env);
    let taskId: string | undefined;
    if (during === 'second') {
      taskId = (await send(product.url, first)).body.result.task.id;
      await product.end('SIGTERM');
      product = await startProduct({ ...ground.env, KILL_AT: at });
    }
    const second = userMessage('yes', { taskId });
    await expect(send(product.url, during === 'first' ? first : second)).rejects.toThrow();
    expect((await product.end('SIGKILL')).signal).toBe('SIGKILL');
    if (dead !== 'host') {
      await ground.killTemporal();
      await ground.reviveTemporal();
    }

    product = await startProduct(ground.env);
    // What was never recorded only its sender knows of: it sends again, as it would after any broken connection.
    if (at.endsWith('before') && (at.startsWith('accept') || at.startsWith('append'))) {
      await send(product.url, during === 'first' ? first : second);
    }
    if (during === 'first') {
      taskId = (await taskInState(first.messageId, 'input-required')).id;
      await send(product.url, { ...second, taskId });
    }
    await taskInState(first.messageId, 'completed');

    expect(await db.taskMessage.count({ where: { messageId: first.messageId } })).toBe(1);
    const { body } = await rpc(agentUrl(product.url, 'expense-approval'), 'GetTask', { id: taskId }, V1);
    const { history, artifacts } = body.result;
    expect(history.map(({ role }: Wire) => role)).toEqual([
      'ROLE_USER',
      'ROLE_AGENT',
      'ROLE_USER',
      'ROLE_AGENT',
    ]);
    expect(artifacts.map(({ artifactId }: Wire) => artifactId)).toEqual(['decision']);
    const runs: string[] = [];
    const query = `WorkflowId = '${workflowIdOf(String(taskId))}'`;
    await until('Temporal lists the run, which has ended', async () => {
      runs.length = 0;
      for await (const { status } of temporal.workflow.list({ query })) runs.push(status.name);
      return runs.includes('COMPLETED') ? true : undefined;
    });
    expect(runs).toEqual(['COMPLETED']);
  });

  // The step in which it says that it is at work is undone by the death, and does more when it is done again.
  it.runIf(process.env.FULL)(
    'what happens between a report and its step’s second time is recorded',
    async () => {
      const env = { ...ground.env, WORKFLOWS: fileURLToPath(new URL('./fixtures/undone', import.meta.url)) };
      const message = userMessage('hello');
      const configuration = { returnImmediately: true };
      let product = await startProduct(env);
      await rpc(agentUrl(product.url, 'parting'), 'SendMessage', { message, configuration }, V1);
      const { id } = await taskInState(message.messageId, 'working');
      await product.end('SIGTERM');
      product = await startProduct({ ...env, KILL_AT: 'project:after' });
      expect((await product.exited).signal).toBe('SIGKILL');
      expect((await taskInState(message.messageId, 'working')).version).toBe(2);
      await temporal.workflow.getHandle(workflowIdOf(id)).cancel();
      product = await startProduct(env);
      await taskInState(message.messageId, 'canceled');
      const { body } = await rpc(agentUrl(product.url, 'parting'), 'GetTask', { id }, V1);
      expect(body.result.artifacts).toMatchObject([{ name: 'so far', parts: [{ text: 'half of it' }] }]);
    },
  );
});
