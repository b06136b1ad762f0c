/** What a caller and an agent may use, on two hosts together: requests a minute, tasks at once, streams at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSession, sessionHeader } from '../../src/mcp/session.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { GrpcClient } from '../support/grpc.ts';
import { type KeyMaker, keysOn } from '../support/keys.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { type Answer, agentUrl, post, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const LIMITS = {
  REQUESTS_PER_MINUTE: '60',
  AGENT_REQUESTS_PER_MINUTE: '80',
  TASKS_AT_ONCE: '3',
  AGENT_TASKS_AT_ONCE: '5',
  STREAMS_AT_ONCE: '2',
  AGENT_STREAMS_AT_ONCE: '3',
};
let ground: TestGround;
let hosts: Product[];
let grpc: GrpcClient;
let keys: KeyMaker;
let callers = 0;

beforeAll(async () => {
  ground = await startGround();
  const env = { ...ground.env, ...LIMITS };
  const one = await startProduct({ ...env, GRPC_PORT: '0' });
  keys = keysOn(ground.databaseUrl);
  const key = await newCaller();
  // The first key closes the door: also of the host that began without one.
  hosts = [one, await startProduct({ ...env, ROLE: 'host' })];
  await until('a closed door', async () => ((await get({ key: 'ak_x' })).status === 401 ? true : undefined));
  expect((await get({ key })).status).toBe(200);
  const card = (await (
    await fetch(`${agentUrl(one.url, 'echo')}/.well-known/agent-card.json`)
  ).json()) as Wire;
  grpc = new GrpcClient(card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC').url);
}, 180_000);

afterAll(async () => {
  grpc?.close();
  await keys?.close();
  await killAllProducts();
  await ground.stop();
});

/** A caller that has used nothing yet. */
const newCaller = (): Promise<string> => {
  callers += 1;
  return keys.make(`caller-${callers}`, 'agents:read,agents:invoke');
};

const hostOf = (index: number): Product => hosts[index % hosts.length] as Product;

interface Asking {
  key: string;
  agent?: string;
  at?: number;
}

const ask = ({ key, agent = 'echo', at = 0 }: Asking, method: string, params: unknown): Promise<Answer> => {
  const body = { jsonrpc: '2.0', id: 1, method, params };
  return post(agentUrl(hostOf(at).url, agent), body, { 'x-api-key': key, 'a2a-version': '1.0' });
};
const get = (asking: Asking) => ask(asking, 'GetTask', { id: 'x' });

/** How many of these requests were let in, spread over both hosts, all at once. */
async function letIn(count: number, work: (at: number) => Promise<Answer>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, (_, at) => work(at)));
  return answers.filter(({ status }) => status !== 429).length;
}

function expectTooMany({ status, headers, body }: Answer): void {
  expect({ status, code: body.error.code }).toEqual({ status: 429, code: -32000 });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
}

describe('requests a minute', () => {
  it('a caller has as many as he may, on all hosts together, and every surface says when again', async () => {
    const key = await newCaller();
    // An agent that is not there has no limit of its own.
    expect(await letIn(100, (at) => get({ key, agent: 'nothing', at }))).toBe(60);
    expectTooMany(await get({ key }));
    const [host] = hosts;
    const headers = { 'x-api-key': key };
    const rest = await fetch(`${agentUrl(host?.url ?? '', 'echo')}/rest/tasks`, { headers });
    expect(rest.status).toBe(429);
    expect(rest.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await rest.json()).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED' } });
    const search = await post(`${host?.url}/orchestrator/a2a/v1/agents/search`, {}, headers);
    expect(search).toMatchObject({ status: 429, body: { status: 429, message: expect.any(String) } });
    const invoked = await post(`${host?.url}/v1/agents/echo/invoke`, { message: 'x' }, headers);
    expect(invoked).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } });
    expect(invoked.headers.get('retry-after')).toMatch(/^\d+$/);
    const called = await grpc.refused('getTask', { tenant: 'echo', id: 'x' }, headers);
    expect(called.code).toBe('RESOURCE_EXHAUSTED');
    expect(called.trailers.get('retry-after')).toEqual([expect.stringMatching(/^\d+$/)]);
    expect((await get({ key: await newCaller() })).status).toBe(200);
  });

  it('an agent takes as many as it may, from all callers together', async () => {
    const both = [await newCaller(), await newCaller()];
    const agent = 'document-digest';
    expect(await letIn(110, (at) => get({ key: both[at % 2] ?? '', agent, at: at >> 1 }))).toBe(80);
    expect((await get({ key: both[0] ?? '', agent: 'echo' })).status).toBe(200);
  });

  it('a batch counts as what it holds', async () => {
    const key = await newCaller();
    const batch = (size: number) =>
      post(
        agentUrl(hostOf(0).url, 'trip-planner'),
        Array.from({ length: size }, (_, id) => ({
          jsonrpc: '2.0',
          id,
          method: 'GetTask',
          params: { id: 'x' },
        })),
        { 'x-api-key': key, 'a2a-version': '1.0' },
      );
    expect((await batch(40)).status).toBe(200);
    expectTooMany(await batch(40));
  });
});

const send = (asking: Asking, text: string, more: Wire = {}) =>
  ask(asking, 'SendMessage', { message: userMessage(text, more) });
const EXPENSE = '1,200 USD chair';

describe('tasks at once', () => {
  it('a caller has as many open as he may, also of many sent at once to two hosts', async () => {
    const key = await newCaller();
    const agent = 'expense-approval';
    const first = userMessage(EXPENSE);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        ask({ key, agent, at }, 'SendMessage', { message: at === 0 ? first : userMessage(EXPENSE) }),
      ),
    );
    const tasks = answers.filter(({ status }) => status === 200).map(({ body }) => body.result.task);
    expect(tasks).toHaveLength(3);
    const refused = answers.find(({ status }) => status !== 200);
    expectTooMany(refused as Answer);
    // A follow-up begins none, and a repeated message neither.
    const more = await send({ key, agent }, 'yes', { taskId: tasks[0].id, contextId: tasks[0].contextId });
    expect(more.body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
    expect((await send({ key, agent, at: 1 }, EXPENSE)).status).toBe(200);
    expectTooMany(await send({ key, agent }, EXPENSE));
    const invoked = await post(
      `${hostOf(0).url}/v1/a2a/invoke`,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'a2a.sendMessage',
        params: { agentId: agent, region: 'DE', message: { role: 'user', parts: [{ text: EXPENSE }] } },
      },
      { 'x-api-key': key },
    );
    expect(invoked).toMatchObject({
      status: 429,
      body: { status: 429, message: expect.stringContaining('tasks at once') },
    });
    expect(invoked.headers.get('retry-after')).toMatch(/^\d+$/);
    const gone = { taskId: tasks[1].id };
    await ask({ key, agent }, 'CancelTask', { id: gone.taskId });
    // What an agent's own work calls is no task of its caller’s choosing: this is the third and calls a fourth.
    const trip = await send({ key, agent: 'trip-planner' }, '3 days in Lisbon, food and art, budget 90 EUR');
    expect(trip.body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('an agent has as many open as it may, for all callers together; gRPC says so, too', async () => {
    const both = [await newCaller(), await newCaller()];
    const agent = 'order-refund';
    const message = 'I want my money back';
    expect(await letIn(8, (at) => send({ key: both[at % 2] ?? '', agent, at: at >> 1 }, message))).toBe(5);
    const third = await newCaller();
    expectTooMany(await send({ key: third, agent }, message));
    const wire = {
      messageId: 'm',
      role: 1,
      parts: [],
      contextId: '',
      taskId: '',
      extensions: [],
      referenceTaskIds: [],
    };
    const part = { content: { $case: 'text', value: message }, filename: '', mediaType: '' };
    expect(
      await grpc.refused(
        'sendMessage',
        { tenant: agent, message: { ...wire, parts: [part] } },
        { 'x-api-key': third },
      ),
    ).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });
});

describe('streams at once', () => {
  /** Opens a subscription; its status, and how to leave. */
  async function subscribe(key: string, id: string, at: number) {
    const leaving = new AbortController();
    const response = await fetch(agentUrl(hostOf(at).url, 'expense-approval'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key, 'a2a-version': '1.0' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SubscribeToTask', params: { id } }),
      signal: leaving.signal,
    });
    return { status: response.status, leave: () => leaving.abort() };
  }

  it('a caller has as many as he may on all hosts together, and another once one has ended', async () => {
    const key = await newCaller();
    const { body } = await send({ key, agent: 'expense-approval' }, EXPENSE);
    const { id } = body.result.task;
    const open = await Promise.all([0, 1, 2, 3, 4].map((at) => subscribe(key, id, at)));
    const taken = open.filter(({ status }) => status === 200);
    expect(taken).toHaveLength(2);
    expect(open.filter(({ status }) => status === 429)).toHaveLength(3);
    // What is refused a stream is not begun: nothing is sent.
    const before = (await ask({ key, agent: 'expense-approval' }, 'ListTasks', {})).body.result.totalSize;
    expectTooMany(
      await ask({ key, agent: 'expense-approval' }, 'SendStreamingMessage', {
        message: userMessage('9 EUR tea'),
      }),
    );
    const after = (await ask({ key, agent: 'expense-approval' }, 'ListTasks', {})).body.result.totalSize;
    expect(after).toBe(before);
    taken[0]?.leave();
    const another = await until('a free stream', async () => {
      const tried = await subscribe(key, id, 1);
      return tried.status === 200 ? tried : undefined;
    });
    another.leave();
    taken[1]?.leave();
  });

  it('on each surface, and until the key is revoked', async () => {
    const [key, other] = [await newCaller(), await newCaller()];
    const { body } = await send({ key, agent: 'expense-approval' }, EXPENSE);
    const { id } = body.result.task;
    const at = hostOf(0).url;
    const facade = () => fetch(`${at}/v1/a2a/tasks/${id}/stream`, { headers: { 'x-api-key': key } });
    const gateway = () =>
      fetch(`${at}/v1/agents/expense-approval/tasks/${id}/subscribe`, {
        method: 'POST',
        headers: { 'x-api-key': key },
      });
    const session = sessionHeader(newSession({}));
    const news = () =>
      fetch(`${at}/mcp`, {
        headers: { 'x-api-key': key, accept: 'text/event-stream', 'mcp-session-id': session },
      });
    const subscription = () =>
      fetch(`${at}/mcp`, {
        method: 'POST',
        headers: {
          'x-api-key': key,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: {} }),
      });
    const open = [await facade(), await gateway()];
    expect(open.map(({ status }) => status)).toEqual([200, 200]);
    for (const refused of [await facade(), await gateway(), await news(), await subscription()]) {
      expect({ status: refused.status, retry: refused.headers.get('retry-after') }).toEqual({
        status: 429,
        retry: '5',
      });
      await refused.body?.cancel();
    }
    const mine = await send({ key: other, agent: 'expense-approval' }, EXPENSE);
    const theirs = await subscribe(other, mine.body.result.task.id, 1);
    expect(theirs.status).toBe(200);
    await keys.revoke(key);
    // They end as streams do, the task still open.
    for (const each of open) expect(await each.text()).toMatch(/input.required/i);
    expect((await facade()).status).toBe(401);
    theirs.leave();
  });
});
