/** What is longer or larger than Temporal takes at once, through the whole product. */
import { randomUUID } from 'node:crypto';
import { Connection, Client as Temporal } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, call, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const V1 = { version: '1.0' };
const WORKFLOWS = new URL('../workflow-kit/fixtures-limits/agents', import.meta.url).pathname;
const TURNS = process.env.FULL ? 2_500 : 60;
const MAX_EVENTS = 5_000;

let ground: TestGround;
let connection: Connection;
let product: Product;
let webhook: Webhook;

beforeAll(async () => {
  ground = await startGround();
  connection = await Connection.connect({ address: ground.temporalAddress });
  webhook = await startWebhook();
  product = await startProduct({ ...ground.env, WORKFLOWS, PUSH_ALLOW: '127.0.0.1' });
});

afterAll(async () => {
  await killAllProducts();
  await webhook?.close();
  await connection?.close();
  await ground?.stop();
});

const send = async (code: string, message: Wire): Promise<Wire> =>
  (await call(agentUrl(product.url, code), 'SendMessage', { message }, V1)).task;
const said = (task: Wire): string => task.status.message.parts[0].text;

describe('what an agent gives', () => {
  it('below the limit is kept whole', async () => {
    const task = await send('bulky', userMessage('1400000'));
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    expect(task.artifacts[0].parts[0].text).toHaveLength(1_400_000);
  });

  it('above the limit fails the task at once, with its size', async () => {
    const task = await send('bulky', userMessage('3000000'));
    expect(task.status.state).toBe('TASK_STATE_FAILED');
    expect(said(task)).toBe('task.artifact bulk has 3,000,057 bytes, at most 1,500,000 are taken');
  });
});

describe('a conversation longer than one run of a workflow', () => {
  // A megabyte each: Temporal soon suggests a new run. Each message is sent twice, at once or later.
  const filler = 'x'.repeat(1_000_000);

  it('is one task that takes each message once', async () => {
    const first = await send('ledger', userMessage('begin'));
    const { id } = first;
    const older: Wire[] = [];
    for (let entry = 2; entry <= 16; entry++) {
      const message = userMessage([{ text: `${entry} ${filler}` }], { taskId: id, messageId: randomUUID() });
      const answers = await Promise.all([send('ledger', message), send('ledger', message)]);
      for (const task of answers) expect([task.id, said(task)]).toEqual([id, `Entry ${entry} is in`]);
      older.push(message);
      const again = older[Math.floor(Math.random() * older.length)];
      expect(said(await send('ledger', again))).toBe(`Entry ${entry} is in`);
    }
    const done = await send('ledger', userMessage('end', { taskId: id }));
    expect([done.status.state, said(done)]).toEqual(['TASK_STATE_COMPLETED', '16 entries']);
    const users = done.history.filter(({ role }: Wire) => role === 'ROLE_USER');
    expect(users).toHaveLength(17);
  });
});

it(`${TURNS} turns are one task, and its stream and its webhook are told each of them once, in order`, {
  timeout: 900_000,
}, async () => {
  const url = agentUrl(product.url, 'ledger');
  const configuration = { taskPushNotificationConfig: { url: webhook.url } };
  const begin = { message: userMessage('begin'), configuration };
  const first = (await call(url, 'SendMessage', begin, V1)).task;
  const taskId = first.id;
  let opened: () => void = () => {};
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const seen: string[] = [];
  const read = (async () => {
    for await (const { statusUpdate } of stream(
      url,
      'SubscribeToTask',
      { id: taskId },
      { ...V1, onOpen: opened },
    )) {
      if (statusUpdate?.status.state === 'TASK_STATE_INPUT_REQUIRED') seen.push(said(statusUpdate));
    }
  })();
  await open;

  for (let n = 2; n <= TURNS; n++) {
    const message = userMessage(`entry ${n}`, { taskId });
    const { task } = await call(url, 'SendMessage', { message, configuration: { historyLength: 2 } }, V1);
    expect([task.id, said(task)]).toEqual([taskId, `Entry ${n} is in`]);
    expect(task.history.map(({ parts }: Wire) => parts[0].text)).toEqual([`entry ${n}`, `Entry ${n} is in`]);
  }
  const { task: done } = await call(url, 'SendMessage', { message: userMessage('end', { taskId }) }, V1);
  await read;
  expect([done.status.state, said(done)]).toEqual(['TASK_STATE_COMPLETED', `${TURNS} entries`]);
  expect(done.history).toHaveLength(2 * TURNS + 2);
  const answers = Array.from({ length: TURNS - 1 }, (_, at) => `Entry ${at + 2} is in`);
  expect(seen).toEqual(answers);
  const told = () => webhook.taken.map(({ body }) => body.statusUpdate?.status);
  await until('the webhook to hear the end', () => told().find((each) => each?.state === done.status.state));
  const asked = told().filter((each) => each?.state === 'TASK_STATE_INPUT_REQUIRED');
  expect(asked.slice(1).map(({ message }) => message.parts[0].text)).toEqual(answers);
  const last = await new Temporal({ connection }).workflow.getHandle(workflowIdOf(taskId)).describe();
  expect(last.historyLength).toBeLessThan(MAX_EVENTS);
});
