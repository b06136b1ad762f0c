/** A conversation of many turns with a stream open on it and a webhook, as its client has it. */
import { Connection, Client as Temporal } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
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
  await endAllProducts();
  await webhook?.close();
  await connection?.close();
  await ground?.stop();
});

const said = (task: Wire): string => task.status.message.parts[0].text;

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
