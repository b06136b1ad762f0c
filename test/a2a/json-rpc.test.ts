import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentRpc, idOf, type RpcAnswer, type RpcResponse, streamsIn } from '../../src/a2a/json-rpc.ts';
import { AgentRequestHandler } from '../../src/a2a/request-handler.ts';
import { rpcRoutes } from '../../src/a2a/rpc-routes.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { TaskService } from '../../src/tasks/service.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf } from '../support/agents.ts';
import { callerNamed, NO_LIMITS } from '../support/callers.ts';
import { pushServiceOn } from '../support/push.ts';
import { post, type Wire } from '../support/rpc.ts';
import { silentLog, startTaskGround, type TaskGround } from '../support/tasks.ts';
import { until } from '../support/until.ts';

const echo = agentOf('echo');
let ground: TaskGround;
let rpc: AgentRpc;

function rpcOn(tasks: TaskService): AgentRpc {
  const catalog = new AgentCatalog([echo]);
  const book = new CardBook({ catalog, publicUrl: 'http://host', modifiedAt: new Date() });
  const cards = book.get('echo');
  if (cards === undefined) throw new Error('no cards');
  const push = pushServiceOn({ ...ground, tasks });
  const handler = new AgentRequestHandler({
    agent: echo,
    cards,
    tasks,
    push,
    streams: NO_LIMITS.streams,
    log: silentLog,
  });
  return new AgentRpc({ code: 'echo', handler, sendWaitMs: 300, log: silentLog });
}

beforeAll(async () => {
  ground = await startTaskGround();
  rpc = rpcOn(ground.tasks);
});

afterAll(() => ground.stop());

interface Given {
  version?: string;
  snapshots?: boolean;
  caller?: string;
  signal?: AbortSignal;
}

const handle = (body: unknown, given: Given = {}): Promise<RpcAnswer> =>
  rpc.handle(body, {
    caller: callerNamed(given.caller ?? 'alice'),
    version: given.version,
    signal: given.signal ?? AbortSignal.timeout(10_000),
    snapshots: given.snapshots ?? false,
  });

/** One answer, not a stream. */
async function ask(method: string, params?: unknown, given: Given = {}): Promise<Wire> {
  const answer = await handle({ jsonrpc: '2.0', id: 'my-id', method, params }, given);
  if (Symbol.asyncIterator in answer) throw new Error('it is a stream');
  expect(answer).toMatchObject({ jsonrpc: '2.0', id: 'my-id' });
  return JSON.parse(JSON.stringify(answer));
}

async function stream(method: string, params: unknown, given: Given = {}): Promise<Wire[]> {
  const answer = await handle({ jsonrpc: '2.0', id: 'my-id', method, params }, given);
  if (!(Symbol.asyncIterator in answer)) throw new Error(`no stream: ${JSON.stringify(answer)}`);
  const events: Wire[] = [];
  for await (const event of answer) {
    expect(event).toMatchObject({ jsonrpc: '2.0', id: 'my-id' });
    events.push(JSON.parse(JSON.stringify(event.result)));
  }
  return events;
}

const v1 = (text: string, more: object = {}) => ({
  message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text }], ...more },
});
const v03 = (text: string, more: object = {}) => ({
  message: {
    kind: 'message',
    messageId: randomUUID(),
    role: 'user',
    parts: [{ kind: 'text', text }],
    ...more,
  },
});

describe('what is no request is -32600 (JSON-RPC 2.0 §4)', () => {
  const BODIES: [what: string, body: unknown, id: RpcResponse['id']][] = [
    ['null', null, null],
    ['a number', 5, null],
    ['a text', 'x', null],
    ['no version', { id: 1, method: 'tasks/get' }, 1],
    ['another version', { jsonrpc: '1.0', id: 'a', method: 'tasks/get' }, 'a'],
    ['no method', { jsonrpc: '2.0', id: 1 }, 1],
    ['an empty method', { jsonrpc: '2.0', id: 1, method: '' }, 1],
    ['a method that is no text', { jsonrpc: '2.0', id: 1, method: 5 }, 1],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'tasks/get' }, null],
    ['an id with a fraction', { jsonrpc: '2.0', id: 1.5, method: 'tasks/get' }, null],
    ['params that are a text', { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: 'x' }, 1],
    ['params that are null', { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: null }, 1],
  ];

  test.each(BODIES)('%s', async (_what, body, id) => {
    expect(await handle(body)).toMatchObject({ jsonrpc: '2.0', id, error: { code: -32600 } });
    expect(idOf(body)).toBe(id);
  });
});

test.each(['nothing/here', 'toString', 'constructor', '__proto__', 'sendMessage'])(
  'method %s is not known: -32601',
  async (method) => {
    for (const version of [undefined, '0.3', '1.0'])
      expect((await ask(method, {}, version === undefined ? {} : { version })).error).toMatchObject({
        code: -32601,
      });
  },
);

test('a method of the other version is not known, and a version that is not supported is -32009 (§3.6)', async () => {
  expect((await ask('tasks/get', { id: 'x' }, { version: '1.0' })).error.code).toBe(-32601);
  expect((await ask('GetTask', { id: 'x' }, { version: '0.3' })).error.code).toBe(-32601);
  expect((await ask('GetTask', { id: 'x' }, { version: '2.0' })).error.code).toBe(-32009);
});

describe('a send', () => {
  test('in v1.0 gives { task } with all its history', async () => {
    const { result } = await ask('SendMessage', v1('hello'), { version: '1.0' });
    expect(result.task).toMatchObject({ status: { state: 'TASK_STATE_COMPLETED' } });
    expect(result.task.history.map((message: Wire) => message.parts[0].text)).toEqual([
      'hello',
      'done: hello',
    ]);
  });

  test('in v0.3 gives the task with sessionId, and no history unless asked for', async () => {
    const { result } = await ask('message/send', v03('hello'));
    expect(result).toMatchObject({
      kind: 'task',
      status: { state: 'completed' },
      sessionId: result.contextId,
    });
    expect(result.history ?? []).toEqual([]);
    const asked = await ask('message/send', { ...v03('hello'), configuration: { historyLength: 1 } });
    expect(asked.result.history.map((message: Wire) => message.parts[0].text)).toEqual(['done: hello']);
  });

  test('by the older name answers with the client’s own id, and continues by it', async () => {
    const id = randomUUID().slice(0, 8);
    const message = (text: string) => ({ role: 'user', parts: [{ type: 'text', text }] });
    const { result } = await ask('tasks/send', { id, sessionId: 's', message: message('ask') });
    expect(result).toMatchObject({ id, sessionId: 's', status: { state: 'input-required' } });
    const { result: done } = await ask('tasks/send', { id, sessionId: 's', message: message('blue') });
    expect(done).toMatchObject({ id, status: { state: 'completed' } });
    expect((await ask('tasks/get', { id })).result).toMatchObject({ id, status: { state: 'completed' } });
  });

  test('waits in v0.3 no longer than the host’s patience, when it does not say', async () => {
    const { result } = await ask('message/send', v03('hold'));
    expect(['submitted', 'working']).toContain(result.status.state);
  });

  test('does not wait when told not to', async () => {
    const now = await ask('message/send', { ...v03('hold'), configuration: { blocking: false } });
    expect(['submitted', 'working']).toContain(now.result.status.state);
    const v1Now = await ask(
      'SendMessage',
      { ...v1('hold'), configuration: { returnImmediately: true } },
      { version: '1.0' },
    );
    expect(v1Now.result.task.status.state).toMatch(/SUBMITTED|WORKING/);
  });

  test('in v1.0 waits until its client goes', async () => {
    const controller = new AbortController();
    const sent = ask('SendMessage', v1('hold'), { version: '1.0', signal: controller.signal });
    await until('it is watched', () => (ground.feed.subscriptions === 1 ? true : undefined));
    controller.abort();
    // As it stands at that moment.
    expect((await sent).result.task.status.state).toMatch(/SUBMITTED|WORKING/);
  });

  test.each([
    ['no message', {}, 'message'],
    ['no parts', { message: { messageId: 'm', role: 'ROLE_USER', parts: [] } }, 'message.parts'],
    ['no message id', { message: { role: 'ROLE_USER', parts: [{ text: 'x' }] } }, 'message.messageId'],
    ['the agent’s role', v1('x', { role: 'ROLE_AGENT' }), 'message.role'],
    ['a negative history', { ...v1('x'), configuration: { historyLength: -1 } }, 'historyLength'],
  ])('with %s is -32602 and names the field', async (_what, params, field) => {
    const { error } = await ask('SendMessage', params, { version: '1.0' });
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(field) });
  });

  test('in a media type the agent does not take is -32005', async () => {
    const params = v1('', { parts: [{ raw: 'AA==', mediaType: 'video/mp4' }] });
    expect((await ask('SendMessage', params, { version: '1.0' })).error.code).toBe(-32005);
  });

  test('to an ended task is -32004, to none -32001', async () => {
    const { result } = await ask('SendMessage', v1('hello'), { version: '1.0' });
    const taskId = result.task.id;
    expect((await ask('SendMessage', v1('x', { taskId }), { version: '1.0' })).error.code).toBe(-32004);
    expect((await ask('SendMessage', v1('x', { taskId: randomUUID() }), { version: '1.0' })).error.code).toBe(
      -32001,
    );
    expect(
      (await ask('SendMessage', v1('x', { taskId }), { version: '1.0', caller: 'bob' })).error.code,
    ).toBe(-32001);
  });
});

describe('a stream', () => {
  test('in v1.0 is the task, then its changes, until it settles (§3.1.2)', async () => {
    const events = await stream('SendStreamingMessage', v1('ask'), { version: '1.0' });
    expect(Object.keys(events[0])).toEqual(['task']);
    expect(events.slice(1).map((event) => event.statusUpdate?.status.state)).toEqual([
      'TASK_STATE_WORKING',
      'TASK_STATE_INPUT_REQUIRED',
    ]);
  });

  test('in v0.3 ends with a final event, also when it waits for its client', async () => {
    const events = await stream('message/stream', v03('ask'));
    expect(events.map(({ kind, final }) => [kind, final])).toEqual([
      ['task', undefined],
      ['status-update', false],
      ['status-update', true],
    ]);
  });

  test('of snapshots holds the whole task in every event', async () => {
    const events = await stream('message/stream', v03('hello'), { snapshots: true });
    expect(events.map(({ kind, status }) => [kind, status.state])).toEqual([
      ['task', 'submitted'],
      ['task', 'working'],
      ['task', 'completed'],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
  });

  test('a failure before the first event is a plain answer or the first thing thrown', async () => {
    const answer = await handle(
      { jsonrpc: '2.0', id: 1, method: 'SendStreamingMessage', params: {} },
      { version: '1.0' },
    );
    expect(answer).toMatchObject({ error: { code: -32602 } });
    const unknown = stream('SendStreamingMessage', v1('x', { taskId: randomUUID() }), { version: '1.0' });
    await expect(unknown).rejects.toThrow('Task not found');
  });

  test('subscribed again to an ended task is -32004 in v1.0, and its last state in v0.3', async () => {
    const { result } = await ask('message/send', v03('hello'));
    await expect(stream('SubscribeToTask', { id: result.id }, { version: '1.0' })).rejects.toThrow(
      /completed/,
    );
    const events = await stream('tasks/resubscribe', { id: result.id });
    expect(events.map(({ kind, status }) => [kind, status.state])).toEqual([['task', 'completed']]);
  });

  test('whose client goes ends, and leaves no watcher', async () => {
    const controller = new AbortController();
    const events = stream('message/stream', v03('hold'), { signal: controller.signal });
    await until('it is watched', () => (ground.feed.subscriptions === 1 ? true : undefined));
    controller.abort();
    const seen = await events;
    expect(seen[0]).toMatchObject({ kind: 'task' });
    expect(ground.feed.subscriptions).toBe(0);
  });
});

test('get, list and cancel speak of the same task', async () => {
  const { result } = await ask(
    'SendMessage',
    { ...v1('hold'), configuration: { returnImmediately: true } },
    { version: '1.0' },
  );
  const { id, contextId } = result.task;
  await ground.engine.idle();
  expect((await ask('GetTask', { id, historyLength: 0 }, { version: '1.0' })).result).toMatchObject({ id });
  const listed = await ask('ListTasks', { contextId }, { version: '1.0' });
  expect(listed.result).toMatchObject({ totalSize: 1, tasks: [{ id }] });
  const canceled = await ask('CancelTask', { id }, { version: '1.0' });
  expect(canceled.result.status.state).toBe('TASK_STATE_CANCELED');
  expect((await ask('CancelTask', { id }, { version: '1.0' })).error.code).toBe(-32002);
  expect((await ask('tasks/cancel', { id: 'none' })).error.code).toBe(-32001);
});

test('a failure of ours shows a reference and nothing else', async () => {
  const store = Object.assign(Object.create(ground.store), {
    find: () => Promise.reject(new Error('password=hunter2')),
  });
  const tasks = new TaskService({ store, engine: ground.engine, feed: ground.feed, files: ground.files });
  const broken = rpcOn(tasks);
  const body = { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 'x' } };
  const environment = {
    caller: callerNamed('a'),
    version: '1.0',
    signal: AbortSignal.timeout(1_000),
    snapshots: false,
  };
  const answer = (await broken.handle(body, environment)) as RpcResponse;
  expect(answer.error).toMatchObject({
    code: -32603,
    message: expect.stringMatching(/^Internal error; reference [0-9a-f-]{36}$/),
  });
  expect(JSON.stringify(answer)).not.toContain('hunter2');
});

test.each([
  [{ method: 'message/stream' }, true],
  [{ method: 'tasks/sendSubscribe' }, true],
  [{ method: 'tasks/get' }, false],
  [{ method: 5 }, false],
  [null, false],
  ['message/stream', false],
])('%j opens a stream: %s', (body, opens) => {
  expect(streamsIn(body)).toBe(opens);
});

test('a batch of more than may be made in a minute is 400 and says so, and none of it is counted', async () => {
  const counted: number[] = [];
  const app = express().use(
    rpcRoutes({
      agent: () => rpc,
      callerOf: () => callerNamed('alice'),
      count: (_caller, _code, requests) => void counted.push(requests),
      most: 3,
      requests: new OpenRequests(),
      refusals: async () => () => undefined,
      maxBody: 100_000,
      log: silentLog,
    }),
  );
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`;
    const batch = (size: number) =>
      post(
        url,
        Array.from({ length: size }, (_, id) => ({
          jsonrpc: '2.0',
          id,
          method: 'tasks/get',
          params: { id: 'x' },
        })),
      );
    expect(await batch(4)).toMatchObject({
      status: 400,
      body: { error: { code: -32600, message: expect.stringContaining('at most 3 requests') } },
    });
    expect(counted).toEqual([]);
    expect((await batch(3)).body).toHaveLength(3);
    expect(counted).toEqual([2]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
