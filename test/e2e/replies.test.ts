/** Plain messages in place of tasks (A2A v1.0 §3.1.1, §3.1.2): kept, repeated, and never seen as tasks. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import {
  agentUrl,
  call,
  collect,
  olderMessage,
  rpc,
  stream,
  userMessage,
  type Wire,
} from '../support/rpc.ts';
import { until } from '../support/until.ts';

const WORKFLOWS = new URL('./fixtures/replies', import.meta.url).pathname;
const V1 = { version: '1.0' } as const;

let ground: TestGround;
let one: Product;
let other: Product;
let db: pg.Client;

const start = () => startProduct({ ...ground.env, WORKFLOWS });
const url = (product: Product) => agentUrl(product.url, 'helper');
const send = (message: Wire, configuration: Wire = {}, product = one): Promise<Wire> =>
  call(url(product), 'SendMessage', { message, configuration }, V1);

/** The task behind a message, which no client is told of. */
const taskOf = async ({ messageId }: Wire): Promise<string | undefined> => {
  const { rows } = await db.query('select task_id from task_message where message_id = $1', [messageId]);
  return rows[0]?.task_id;
};

beforeAll(async () => {
  ground = await startGround();
  [one, other] = await Promise.all([start(), start()]);
  db = new pg.Client({ connectionString: ground.databaseUrl });
  await db.connect();
});

afterAll(async () => {
  await db?.end();
  await killAllProducts();
  await ground?.stop();
});

it('§3.1.1: a send is answered with the message alone, which is of the context and of no task', async () => {
  const contextId = randomUUID();
  const answer = await send(userMessage('good day', { contextId }));
  expect(answer).toEqual({
    message: {
      messageId: expect.any(String),
      role: 'ROLE_AGENT',
      contextId,
      parts: [{ text: 'You said good day' }],
    },
  });
});

it('§3.1.2: a stream is that one message', async () => {
  const message = userMessage('good day');
  const events = await collect(stream(url(one), 'SendStreamingMessage', { message }, V1));
  expect(events).toEqual([{ message: expect.objectContaining({ parts: [{ text: 'You said good day' }] }) }]);
});

it('v0.3 §7.1, §7.2: it is a message there too', async () => {
  const said = expect.objectContaining({
    kind: 'message',
    role: 'agent',
    parts: [{ kind: 'text', text: 'You said hi' }],
  });
  const answer = await call(url(one), 'message/send', { message: olderMessage('hi') });
  expect(answer).toEqual(said);
  expect(answer).not.toHaveProperty('taskId');
  const events = stream(url(one), 'message/stream', { message: olderMessage('hi') });
  expect(await collect(events)).toEqual([said]);
});

it('the older names know tasks only, and are given one', async () => {
  const id = randomUUID();
  const task = await call(url(one), 'tasks/send', {
    id,
    message: { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
  });
  expect(task).toMatchObject({
    id,
    status: { state: 'completed', message: { parts: [{ text: 'You said hi' }] } },
  });
  expect((await call(url(one), 'tasks/get', { id })).status.state).toBe('completed');
});

it('no client finds its task, and none lists it', async () => {
  const message = userMessage('good day', { contextId: randomUUID() });
  await send(message);
  const id = await taskOf(message);
  expect(id).toBeDefined();
  for (const method of ['GetTask', 'CancelTask', 'SubscribeToTask']) {
    expect((await rpc(url(one), method, { id }, V1)).body.error.code).toBe(-32001);
  }
  const further = { message: userMessage('and now', { taskId: id }) };
  expect((await rpc(url(one), 'SendMessage', further, V1)).body.error.code).toBe(-32001);
  const list = await call(url(one), 'ListTasks', { contextId: message.contextId }, V1);
  expect(list).toMatchObject({ tasks: [], totalSize: 0 });
});

it('the same message gives the same reply, at once or again, from any host', async () => {
  const message = userMessage('think of me');
  const first = await Promise.all([send(message), send(message, {}, other), send(message, {}, other)]);
  const again = await send(message, {}, other);
  for (const answer of [...first, again]) expect(answer).toEqual(first[0]);
  const { rows } = await db.query('select 1 from task_message where message_id = $1', [message.messageId]);
  expect(rows).toHaveLength(1);
});

it('§3.2.2: a caller that does not wait is not shown a task before there is one', async () => {
  const asked = { returnImmediately: true };
  expect(await send(userMessage('think'), asked)).toMatchObject({
    message: { parts: [{ text: 'You said think' }] },
  });
  const { task } = await send(userMessage('think and work'), asked);
  expect(task.status).toMatchObject({
    state: 'TASK_STATE_WORKING',
    message: { parts: [{ text: 'Working' }] },
  });
  expect((await call(url(one), 'GetTask', { id: task.id }, V1)).id).toBe(task.id);
});

it('what says something else first is a task like any other', async () => {
  const message = userMessage('work');
  const events = await collect(stream(url(one), 'SendStreamingMessage', { message }, V1));
  expect(events[0].task.status.state).toBe('TASK_STATE_SUBMITTED');
  expect(events.at(-1).statusUpdate.status).toMatchObject({
    state: 'TASK_STATE_COMPLETED',
    message: { parts: [{ text: 'Worked' }] },
  });

  const { task } = await send(userMessage('ask'));
  const answered = await send(userMessage('this one', { taskId: task.id }));
  expect(answered.task.status).toMatchObject({
    state: 'TASK_STATE_COMPLETED',
    message: { parts: [{ text: 'It is this one' }] },
  });
});

it('kill -9 while it thinks: the same message gives its reply later', async () => {
  const message = userMessage('think of me');
  const broken = send(message, {}, other).catch(() => 'broken');
  await until('it is accepted', () => taskOf(message));
  await other.end('SIGKILL');
  expect(await broken).toBe('broken');
  const reply = await send(message);
  expect(reply).toMatchObject({ message: { parts: [{ text: 'You said think of me' }] } });
  other = await start();
  expect(await send(message, {}, other)).toEqual(reply);
});

it('a host that stops meanwhile says so, and the reply is kept', async () => {
  const message = userMessage('think of me');
  const waiting = rpc(url(other), 'SendMessage', { message }, V1);
  await until('it is accepted', () => taskOf(message));
  const ended = other.end('SIGTERM');
  const { status, headers } = await waiting;
  expect([status, headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  await ended;
  expect(await send(message)).toMatchObject({ message: { parts: [{ text: 'You said think of me' }] } });
});
