/** Agents, providers and switches: what is blocked is blocked on every process and on every surface within a second. */
import { randomUUID } from 'node:crypto';
import { Client, Connection, type ScheduleHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CardServer, startCardServer } from '../support/card-server.ts';
import { GatewayClient } from '../support/gateway.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { GrpcClient } from '../support/grpc.ts';
import { killAllProducts, type Product, runProduct, startProduct } from '../support/product.ts';
import { agentUrl, call, post, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

let ground: TestGround;
let one: Product;
let other: Product;
let client: GatewayClient;
let onOther: GatewayClient;
let grpc: GrpcClient;

beforeAll(async () => {
  ground = await startGround();
  const env = { ...ground.env, GRPC_PORT: '0', CARD_REFRESH: '0.2' };
  [one, other] = await Promise.all([startProduct(env), startProduct(env)]);
  client = new GatewayClient(one.url);
  onOther = new GatewayClient(other.url);
  const card: Wire = await (await fetch(`${agentUrl(other.url, 'echo')}/.well-known/agent-card.json`)).json();
  grpc = new GrpcClient(card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC').url);
}, 120_000);

afterAll(async () => {
  grpc?.close();
  await killAllProducts();
  await ground?.stop();
});

const code = async (agent: string): Promise<string | number> => {
  const { status, body } = await onOther.invoke(agent, { message: 'x' });
  return body.error?.code ?? status;
};
const becomes = (agent: string, expected: string | number) =>
  until(
    `${agent} answers ${expected}`,
    async () => ((await code(agent)) === expected ? true : undefined),
    1_000,
  );
const turn = async (path: string, reason = 'a reason'): Promise<Wire> => {
  const { status, body } = await client.post(path, { reason });
  expect(status).toBe(200);
  return body;
};

it('shows the agents of this host with their review profiles', async () => {
  const { body } = await client.get('/agents');
  expect(body.agents.map(({ agent_id }: Wire) => agent_id)).toEqual([
    'document-digest',
    'echo',
    'expense-approval',
    'order-refund',
    'trip-planner',
  ]);
  expect(body.next_cursor).toBeNull();
  const one = await client.get('/agents/expense-approval');
  expect(one.body).toEqual({
    agent_id: 'expense-approval',
    provider_id: 'local',
    name: 'Expense approval',
    description: expect.any(String),
    version: '1.0.0',
    skills: [expect.objectContaining({ id: 'approve-expense' })],
    kind: 'workflow',
    status: 'active',
    review: {
      risk_level: 'medium',
      human_approval_required: false,
      allowed_regions: ['AU', 'DE', 'NZ'],
      cost_per_call_units: 0,
      data_classes: ['financial'],
    },
    review_version: expect.stringMatching(/^sha256:/),
  });
  expect(body.agents).toContainEqual(one.body);
  expect((await client.get('/agents/nobody')).body.error.code).toBe('agent_not_found');
});

it('shows them page by page, and those of one provider', async () => {
  const first = await client.get('/agents?limit=2');
  expect(first.body.next_cursor).toBe('echo');
  const next = await client.get(`/agents?limit=2&cursor=${first.body.next_cursor}`);
  expect(next.body.agents.map(({ agent_id }: Wire) => agent_id)).toEqual([
    'expense-approval',
    'order-refund',
  ]);
  expect((await client.get('/agents?provider_id=nobody')).body).toEqual({ agents: [], next_cursor: null });
});

it('a blocked agent answers on no surface, until it is unblocked', async () => {
  const { body: begun } = await onOther.invoke('echo', { message: 'x' });
  expect(await turn('/admin/agents/echo/block', 'it repeats secrets')).toEqual({
    agent_id: 'echo',
    status: 'blocked',
    by: 'local',
    reason: 'it repeats secrets',
  });
  await becomes('echo', 'agent_blocked');
  const message = 'Agent echo is blocked';

  const { body: refused } = await onOther.invoke('echo', { message: 'x' });
  expect((await client.receipt(refused.receipt_id)).receipt.status).toBe('rejected');
  for (const path of ['get', 'cancel', 'subscribe']) {
    expect(await onOther.post(`/agents/echo/tasks/${begun.task_id}/${path}`, {})).toMatchObject({
      status: 403,
      body: { error: { code: 'agent_blocked', message } },
    });
  }
  const rpc = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: userMessage('x') } };
  for (const path of ['', '/stream']) {
    expect(await post(`${agentUrl(other.url, 'echo')}${path}`, rpc, { 'A2A-Version': '1.0' })).toMatchObject({
      status: 403,
      body: { error: { code: -32000, message }, status: 403 },
    });
  }
  const rest = await post(`${agentUrl(other.url, 'echo')}/rest/message:send`, rpc.params, {
    'A2A-Version': '1.0',
  });
  expect(rest).toMatchObject({
    status: 403,
    body: { error: { code: 403, status: 'PERMISSION_DENIED', message } },
  });
  const deliveries = await fetch(`${agentUrl(other.url, 'echo')}/tasks/${begun.task_id}/deliveries`);
  expect(deliveries.status).toBe(403);
  expect(await grpc.refused('getTask', { tenant: 'echo', id: begun.task_id })).toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  expect((await onOther.get('/agents/echo')).body.status).toBe('blocked');
  expect(await code('document-digest')).toBe(200);

  await turn('/admin/agents/echo/unblock');
  await becomes('echo', 200);
  expect(await grpc.call('getTask', { tenant: 'echo', id: begun.task_id })).toMatchObject({
    id: begun.task_id,
  });
});

it('a blocked provider’s agents are not called, until it is unblocked', async () => {
  expect(await turn('/admin/providers/local/block')).toMatchObject({
    provider_id: 'local',
    status: 'blocked',
  });
  await becomes('echo', 'provider_blocked');
  expect((await post(agentUrl(other.url, 'echo'), {})).status).toBe(403);
  expect((await onOther.get('/agents/echo')).body.status).toBe('blocked');
  await turn('/admin/providers/local/unblock');
  await becomes('echo', 200);
});

it.each(['agents/expense-approval', 'providers/local'])(
  '%s: blocked, it ends what is open to its agent on every surface of every process',
  async (subject) => {
    const code = 'expense-approval';
    const { task } = await call(
      agentUrl(one.url, code),
      'SendMessage',
      { message: userMessage('1,200 USD conference ticket') },
      { version: '1.0' },
    );
    const { id } = task;
    expect(task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    const lines = async (url: string, init?: RequestInit) =>
      (await fetch(url, init)).body as unknown as AsyncIterable<unknown>;
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const streams: Record<string, AsyncIterable<unknown>> = {
      a2a: stream(agentUrl(other.url, code), 'SubscribeToTask', { id }, { version: '1.0' }),
      grpc: grpc.stream('subscribeToTask', { tenant: code, id }),
      invoke: await lines(`${other.url}/v1/a2a/tasks/${id}/stream`),
      gateway: await lines(`${other.url}/v1/agents/${code}/tasks/${id}/subscribe`, { ...json, body: '{}' }),
    };
    const begun = new Set<string>();
    const ended = new Set<string>();
    const reading = Object.entries(streams).map(async ([name, events]) => {
      for await (const _ of events) begun.add(name);
      ended.add(name);
    });
    const all = Object.keys(streams);
    await until('they are open', () => (begun.size === all.length ? true : undefined));
    expect([...ended]).toEqual([]);
    await turn(`/admin/${subject}/block`);
    await until('they have ended', () => (ended.size === all.length ? true : undefined), 1_000);
    await Promise.all(reading);
    await turn(`/admin/${subject}/unblock`);
    await becomes('echo', 200);
  },
);

it('providers: made once, and revoked for good', async () => {
  const acme = { provider_id: 'acme', name: 'Acme Ltd', url: 'https://acme.example' };
  const made = await client.post('/providers', acme);
  expect(made).toMatchObject({
    status: 201,
    body: { ...acme, status: 'active', created_at: expect.any(String) },
  });
  expect(await client.post('/providers', acme)).toMatchObject({
    status: 409,
    body: { error: { code: 'provider_exists' } },
  });
  expect((await turn('/providers/acme/revoke', 'fraud')).status).toBe('revoked');
  expect((await turn('/admin/providers/acme/unblock')).status).toBe('revoked');
  const { body } = await client.get('/providers');
  expect(body.providers).toMatchObject([
    { provider_id: 'acme', status: 'revoked' },
    { provider_id: 'local', name: 'This host', status: 'active' },
  ]);
  const workflow = {
    code: 'late',
    name: 'Late',
    description: 'Comes too late.',
    version: '1.0.0',
    skills: [{ id: 'late', name: 'Late', description: 'Comes too late.', tags: [] }],
  };
  const run = { workflow_type: 'Late', task_queue: 'late' };
  const plain = { workflowType: 'Late', taskQueue: 'late' };
  for (const [path, given] of [
    ['/agents', { agent_id: 'late', provider_id: 'acme', card_url: 'https://acme.example/card' }],
    ['/agents', { workflow: { ...workflow, ...run }, provider_id: 'acme' }],
    ['/admin/agents', { agents: [{ ...workflow, plain, provider: 'acme' }] }],
  ] as const) {
    expect(await client.post(path, given)).toMatchObject({
      status: 403,
      body: { error: { code: 'provider_revoked' } },
    });
  }
});

it.each([
  ['post', '/v1/agents/%00/invoke', 400, { error: { code: 'invalid_request' } }],
  ['post', '/v1/agents/%E0%A4%A/invoke', 400, { error: { code: 'invalid_request' } }],
  ['get', '/v1/receipts/%zz', 400, { error: { code: 'invalid_request' } }],
  ['get', '/v1/nothing', 404, { error: { code: 'not_found' } }],
  ['post', `/v1/agents/echo/tasks/${'a'.repeat(5_000)}/get`, 404, { error: { code: 'task_not_found' } }],
  ['post', '/v1/agents/echo/tasks/%01/cancel', 404, { error: { code: 'task_not_found' } }],
  ['get', `/v1/a2a/tasks/${'a'.repeat(5_000)}`, 404, { status: 404 }],
  ['get', '/v1/a2a/tasks/%zz', 400, { message: expect.any(String), status: 400 }],
  ['post', '/orchestrator/a2a/v1/%00', 400, { error: { code: -32000 }, status: 400 }],
  ['get', '/orchestrator/a2a/v1/echo/rest/tasks/%zz', 400, { error: { code: 400 } }],
  ['get', '/nothing', 404, { status: 404 }],
])('%s %.40s: %i, in the words of its surface', async (method, path, status, body) => {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const answer = await fetch(`${one.url}${path}`, method === 'post' ? post : {});
  expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status, body });
});

it.each([
  ['/providers', { provider_id: 'Acme' }, /^provider_id: /],
  ['/providers', { provider_id: 'x', name: 'X', url: 'ftp://x' }, /^url: /],
  ['/providers', { provider_id: 'x', name: 'X', url: 'http://user:pw@x.example' }, /^url: .*no credentials/],
  ['/agents', { agent_id: 'x', card_url: 'http://user:pw@x.example/card' }, /^card_url: .*no credentials/],
  [
    '/auth-contexts',
    { provider_id: 'local', auth_model: 'bearer', token: 't', expires_at: '2020-01-01T00:00:00Z' },
    /^expires_at: lies in the past/,
  ],
  ['/providers/local/revoke', {}, /^reason: /],
  ['/admin/agents/echo/block', { reason: '' }, /^reason: /],
  ['/admin/agents/echo/block', { reason: 'x', until: 'y' }, /^until: /],
])('POST %s %j: 400', async (path, body, message) => {
  expect(await client.post(path, body)).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', message: expect.stringMatching(message) } },
  });
});

it('each turn is in the audit log', async () => {
  await turn('/admin/agents/trip-planner/block', `because ${randomUUID()}`);
  await turn('/admin/agents/trip-planner/unblock', 'found harmless');
  const { stdout } = await runProduct(['--json', 'audit', '--event', 'agent-unblock'], ground.env);
  expect(JSON.parse(stdout).entries[0]).toMatchObject({
    event: 'agent-unblock',
    caller: 'local',
    detail: { id: 'trip-planner', reason: 'found harmless' },
  });
});

describe('the card of an agent elsewhere', () => {
  let server: CardServer;
  let cards: ScheduleHandle;
  let connection: Connection;

  beforeAll(async () => {
    server = await startCardServer();
    connection = await Connection.connect({ address: ground.temporalAddress });
    cards = new Client({ connection }).schedule.getHandle('agent-host/cards');
  });

  afterAll(async () => {
    await connection?.close();
    await server?.close();
  });

  /** The agent, once a sweep of the schedule has made it so. */
  const becomesSo = (what: string, isSo: (agent: Wire) => boolean): Promise<Wire> =>
    until(what, async () => {
      await cards.trigger();
      const { body } = await onOther.get('/agents/elsewhere');
      return isSo(body) ? body : undefined;
    });
  const problemIs = (message: RegExp) =>
    becomesSo(`the problem is ${message}`, ({ health }) => message.test(health.card_problem?.message ?? ''));

  it('is fetched again on a schedule, and what has changed is kept', async () => {
    await server.sign({ version: '1.0.0' });
    const made = await client.post('/agents', {
      agent_id: 'elsewhere',
      card_url: server.cardUrl,
      allow_private: true,
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        version: '1.0.0',
        card_signed: true,
        card_fetched_at: expect.any(String),
        card_changed_at: null,
        health: { card_problem: null },
      },
    });
    await server.sign({ version: '2.0.0', description: 'Now with more.' });
    const agent = await becomesSo('the new card is taken', ({ version }) => version === '2.0.0');
    expect(agent).toMatchObject({
      description: 'Now with more.',
      card_signed: true,
      card_changed_at: expect.any(String),
      health: { card_problem: null },
    });
    const { body } = await client.get('/admin/audit?event=agent-card-change');
    expect(body.entries).toMatchObject([
      { detail: { id: 'elsewhere', from: '1.0.0', to: '2.0.0', fields: ['description', 'version'] } },
    ]);
  });

  it('is not taken over when its signature is not right any more, or gone; the last good one holds', async () => {
    const { signatures, ...card } = server.card;
    server.card = { ...card, signatures, version: '3.0.0' };
    const forged = await problemIs(/^the card’s signature is not right$/);
    server.card = { ...card, version: '3.0.0' };
    const bare = await problemIs(/^the card is not signed any more$/);
    for (const agent of [forged, bare]) {
      expect(agent).toMatchObject({ version: '2.0.0', card_signed: true });
    }
    expect(bare.health.card_problem.since).toBe(forged.health.card_problem.since);
    expect(one.log() + other.log()).toContain('the card’s signature is not right');
  });

  it('is not lost when it cannot be fetched, and fetched when it can be again', async () => {
    server.card = undefined;
    expect(await problemIs(/cannot be fetched$/)).toMatchObject({ version: '2.0.0' });
    expect((await onOther.get('/agents/elsewhere')).body.health.card_problem.message).not.toContain(
      '127.0.0.1',
    );
    await server.sign({ version: '4.0.0' });
    const agent = await becomesSo('the new card is taken', ({ version }) => version === '4.0.0');
    expect(agent.health.card_problem).toBeNull();
  });
});
