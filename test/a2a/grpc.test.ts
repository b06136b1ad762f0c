/** gRPC (A2A v1.0 §10) over a real server, database and feed. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { Message, TaskState } from '@a2a-js/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grpcCallers } from '../../src/a2a/grpc/admission.ts';
import { type GrpcListening, listenGrpc } from '../../src/a2a/grpc/server.ts';
import { AgentRequestHandler } from '../../src/a2a/request-handler.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { SNAPSHOTS_EXTENSION } from '../../src/agents/extensions.ts';
import { LOCAL_CALLER } from '../../src/auth/caller.ts';
import { Capacity } from '../../src/auth/limits/capacity.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf } from '../support/agents.ts';
import { callerNamed, NO_LIMITS } from '../support/callers.ts';
import { GrpcClient } from '../support/grpc.ts';
import { pushServiceOn } from '../support/push.ts';
import { collect, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog, startTaskGround, type TaskGround } from '../support/tasks.ts';
import { until } from '../support/until.ts';

const MAX_BODY = 200_000;
const NEEDED = 'https://example.com/extensions/needed/v1';
let ground: TaskGround;
let listening: GrpcListening;
let requests: OpenRequests;
let client: GrpcClient;
const capacity = new Capacity({ requests: 100, streams: 100 });

beforeAll(async () => {
  ground = await startTaskGround();
  listening = await start();
  requests = serve(listening);
  client = new GrpcClient(`127.0.0.1:${listening.port}`);
});

afterAll(async () => {
  client.close();
  requests.stop();
  await listening.close();
  await ground.stop();
});

const start = (port = 0) =>
  listenGrpc({
    host: '127.0.0.1',
    port,
    maxBody: MAX_BODY,
    around: (_call, run) => void run(() => {}),
    log: silentLog,
  });

/** Everybody, as a host without keys lets in who calls it by its name. */
const admitted = grpcCallers({
  authenticator: { authenticate: async () => ({ caller: LOCAL_CALLER }), dpopAlgorithms: undefined },
  door: { isOpen: () => true },
  refusals: { note: () => {} },
  url: 'http://127.0.0.1:8043',
  limits: NO_LIMITS.limits,
  agentOf: () => undefined,
  log: silentLog,
});

interface Given {
  defaultAgent?: string;
}

function serve(target: GrpcListening, { defaultAgent }: Given = { defaultAgent: 'echo' }): OpenRequests {
  const catalog = new AgentCatalog([
    agentOf('echo'),
    agentOf('other'),
    agentOf('strict', { extensions: [{ uri: NEEDED, required: true }] }),
  ]);
  const cards = new CardBook({ catalog, publicUrl: 'http://host', modifiedAt: new Date() });
  const open = new OpenRequests();
  target.serve({
    agent: (code) => {
      const agent = catalog.get(code)?.definition;
      const own = cards.get(code);
      return (
        agent &&
        own &&
        new AgentRequestHandler({
          agent,
          cards: own,
          tasks: ground.tasks,
          push: pushServiceOn(ground),
          streams: NO_LIMITS.streams,
          log: silentLog,
        })
      );
    },
    defaultAgent,
    callerOf: async (call) => {
      await admitted(call);
      return callerNamed(call.metadata.get('x-caller')[0]?.toString() ?? 'alice');
    },
    requests: open,
    capacity,
    refusals: async () => () => undefined,
    sendWaitMs: 300,
  });
  return open;
}

const sending = (text: string, extra: Wire = {}, given: Wire = {}): Wire => ({
  message: Message.fromJSON(userMessage(text, extra)),
  configuration: text === 'hold' ? { acceptedOutputModes: [], returnImmediately: true } : undefined,
  ...given,
});

const send = async (text: string, extra: Wire = {}): Promise<Wire> =>
  (await client.call('sendMessage', sending(text, extra))).payload.value;

describe('each method is the service’s (§10.4)', () => {
  it('sends a message and answers with the task once it has settled', async () => {
    const task = await send('hello');
    expect(task.status.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(await client.call('getTask', { id: task.id })).toMatchObject({ id: task.id });
  });

  it('streams a message: first the task, then its changes (§10.7)', async () => {
    const events = await collect(client.stream('sendStreamingMessage', sending('hello')));
    expect(events[0].payload.$case).toBe('task');
    expect(events.at(-1).payload.value.status.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it('lists the newest first, in pages', async () => {
    const contextId = randomUUID();
    const ids: string[] = [];
    for (const text of ['one', 'two', 'three']) ids.unshift((await send(text, { contextId })).id);
    const first = await client.call('listTasks', { contextId, pageSize: 2 });
    expect(first).toMatchObject({ totalSize: 3, pageSize: 2 });
    const rest = await client.call('listTasks', { contextId, pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.tasks, ...rest.tasks].map(({ id }: Wire) => id)).toEqual(ids);
    expect(rest.nextPageToken).toBe('');
  });

  it('cancels a task', async () => {
    const { id } = await send('hold');
    const canceled = await client.call('cancelTask', { id });
    expect(canceled.status.state).toBe(TaskState.TASK_STATE_CANCELED);
  });

  it('subscribes to a task until its end', async () => {
    const { id } = await send('ask');
    const events = client.stream('subscribeToTask', { id })[Symbol.asyncIterator]();
    expect((await events.next()).value.payload.value.id).toBe(id);
    await send('done', { taskId: id });
    const rest = await collect({ [Symbol.asyncIterator]: () => events });
    expect(rest.at(-1).payload.value.status.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });
});

describe('the tenant names the agent', () => {
  it('and a task of one agent is unknown to another', async () => {
    const { id } = await send('hello');
    expect((await client.call('getTask', { id, tenant: 'echo' })).id).toBe(id);
    expect(await client.refused('getTask', { id, tenant: 'other' })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('one that is no agent is NOT_FOUND, and says which', async () => {
    expect(await client.refused('listTasks', { tenant: 'nobody' })).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no agent "nobody"',
      details: '',
    });
  });

  it('without one and without a default agent the call is refused, naming the field', async () => {
    const without = await start();
    const opened = new GrpcClient(`127.0.0.1:${without.port}`);
    try {
      expect(await opened.refused('listTasks', {})).toMatchObject({ code: 'UNAVAILABLE' });
      serve(without, {});
      const refused = await opened.refused('listTasks', {});
      expect(refused).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^tenant: /),
      });
    } finally {
      opened.close();
      await without.close();
    }
  });
});

describe('errors have the status of §5.4 and the protocol’s ErrorInfo (§10.6)', () => {
  const told = (code: string, reason: string) => ({
    code,
    details: expect.stringMatching(new RegExp(`ErrorInfo[^]*${reason}[^]*a2a-protocol.org`)),
  });

  it('NOT_FOUND for a task that does not exist, or is another caller’s', async () => {
    const notFound = told('NOT_FOUND', 'TASK_NOT_FOUND');
    expect(await client.refused('getTask', { id: randomUUID() })).toMatchObject(notFound);
    expect(await client.refused('subscribeToTask', { id: randomUUID() })).toMatchObject(notFound);
    const { id } = await send('hello');
    expect(await client.refused('getTask', { id }, { 'x-caller': 'bob' })).toMatchObject(notFound);
  });

  it('FAILED_PRECONDITION to cancel a task that has ended, UNIMPLEMENTED to subscribe to it', async () => {
    const { id } = await send('hello');
    expect(await client.refused('cancelTask', { id })).toMatchObject(
      told('FAILED_PRECONDITION', 'TASK_NOT_CANCELABLE'),
    );
    expect(await client.refused('subscribeToTask', { id })).toMatchObject(
      told('UNIMPLEMENTED', 'UNSUPPORTED_OPERATION'),
    );
  });

  it('INVALID_ARGUMENT for parameters that make no sense, naming the field', async () => {
    const invalid = told('INVALID_ARGUMENT', 'INVALID_PARAMS');
    for (const [params, field] of [
      [{ pageSize: 0 }, 'pageSize'],
      [{ pageSize: 101 }, 'pageSize'],
      [{ historyLength: -1 }, 'historyLength'],
      [{ status: 99 }, 'status'],
      [{ pageToken: 'mine' }, 'pageToken'],
    ] as const) {
      const refused = await client.refused('listTasks', params);
      expect(refused).toMatchObject(invalid);
      expect(refused.message).toMatch(new RegExp(`^${field}: `));
    }
    expect(await client.refused('getTask', { id: '' })).toMatchObject(invalid);
    expect(await client.refused('sendMessage', {})).toMatchObject(invalid);
  });

  it('INVALID_ARGUMENT for data that is nested without end', async () => {
    let data: Wire = 1;
    for (let depth = 0; depth < 500; depth++) data = { data };
    const message = Message.fromJSON(userMessage([{ data }]));
    expect(await client.refused('sendMessage', { message })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('UNIMPLEMENTED for a version that is not spoken (§3.6.2); a patch number does not count', async () => {
    const refused = told('UNIMPLEMENTED', 'VERSION_NOT_SUPPORTED');
    expect(await client.refused('listTasks', {}, { 'a2a-version': '0.5' })).toMatchObject(refused);
    expect(await client.refused('listTasks', {}, { 'a2a-version': '0.3' })).toMatchObject(refused);
    expect(await client.call('listTasks', {}, { 'a2a-version': '1.0.9' })).toHaveProperty('totalSize');
    expect(await client.call('listTasks', {}, { 'a2a-version': '' })).toHaveProperty('totalSize');
  });

  it('RESOURCE_EXHAUSTED for a message over the limit', async () => {
    const refused = await client.refused('sendMessage', sending('x'.repeat(MAX_BODY)));
    expect(refused.code).toBe('RESOURCE_EXHAUSTED');
  });

  it('PERMISSION_DENIED for a name that is not this host’s', async () => {
    const elsewhere = new GrpcClient(`127.0.0.1:${listening.port}`, 'evil.example.com');
    const own = new GrpcClient(`127.0.0.1:${listening.port}`, 'localhost');
    expect(await elsewhere.refused('listTasks', {})).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await own.call('listTasks', {})).toHaveProperty('totalSize');
    elsewhere.close();
    own.close();
  });
});

describe('extensions are negotiated by metadata (§10.2)', () => {
  it('a required one that is not named is FAILED_PRECONDITION, and nothing begins', async () => {
    const before = ground.engine.calls.length;
    const refused = await client.refused('sendMessage', sending('hello', {}, { tenant: 'strict' }));
    expect(refused).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(NEEDED),
      details: expect.stringContaining('EXTENSION_SUPPORT_REQUIRED'),
    });
    expect(ground.engine.calls).toHaveLength(before);
  });

  it('one that is named lets in', async () => {
    const request = sending('hello', {}, { tenant: 'strict' });
    const answer = await client.call('sendMessage', request, { 'a2a-extensions': NEEDED });
    expect(answer.payload.value.status.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it('with task snapshots every event of a stream is the whole task', async () => {
    const asked = { 'a2a-extensions': SNAPSHOTS_EXTENSION };
    const events = await collect(client.stream('sendStreamingMessage', sending('hello'), asked));
    expect(events.length).toBeGreaterThan(1);
    expect(events.map(({ payload }) => payload.$case)).toEqual(events.map(() => 'task'));
  });
});

describe('a stream', () => {
  it('is left when its client goes away', async () => {
    const { id } = await send('ask');
    const before = ground.feed.subscriptions;
    const call = client.stream('subscribeToTask', { id });
    const events = call[Symbol.asyncIterator]();
    await events.next();
    await until('the subscription', () => ground.feed.subscriptions > before || undefined);
    call.cancel();
    await events.next().catch(() => undefined);
    await until('the end of the subscription', () => ground.feed.subscriptions === before || undefined);
  });
});

it('above the capacity of the host calls and streams are UNAVAILABLE at once, and say when again', async () => {
  const places = Array.from({ length: 100 }, () => capacity.enter());
  for (const [method, request] of [
    ['listTasks', {}],
    ['sendStreamingMessage', sending('hello')],
  ] as const) {
    const refused = await client.refused(method, request);
    expect(refused.code).toBe('UNAVAILABLE');
    expect(refused.trailers.get('retry-after')).toEqual(['1']);
  }
  for (const place of places) place?.end();
  expect((await send('hello')).status.state).toBe(TaskState.TASK_STATE_COMPLETED);
  await until('no place taken', () => capacity.working + capacity.waiting === 0 || undefined);
});

it('an address in use is an error that names the setting', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  await expect(start(port)).rejects.toThrow(`GRPC_PORT: ${port} is in use`);
  taken.close();
});

it('when the host stops its streams end cleanly, its waits answer, and new calls are UNAVAILABLE', async () => {
  const own = await start();
  const open = serve(own);
  const opened = new GrpcClient(`127.0.0.1:${own.port}`);
  const { id } = await send('ask');
  const events = opened.stream('subscribeToTask', { id })[Symbol.asyncIterator]();
  await events.next();
  open.stop();
  expect((await events.next()).done).toBe(true);
  expect(await opened.refused('listTasks', {})).toMatchObject({ code: 'UNAVAILABLE' });
  await own.close();
  opened.close();
});
