/** Agents elsewhere through the gateway: on the official SDK's own server, on another host of ours, and wrong ones. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../support/collector.ts';
import { GatewayClient } from '../support/gateway.ts';
import {
  killAllProducts,
  type Product,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { type RemoteServer, startRemoteAgent, startWrongAgent } from '../support/remote-agent.ts';
import { type Answer, agentUrl, post, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const data = await temporaryDataDir();
const elsewhere = await temporaryDataDir();
let product: Product;
let host: Product;
let client: GatewayClient;
let remote: RemoteServer;
let collector: Collector;
/** The receipts of calls that do not end, and the answer to one that takes too long. */
let endless: Record<'followed' | 'away' | 'waited', string>;
let late: Answer;
const servers: RemoteServer[] = [];

beforeAll(async () => {
  collector = await startCollector();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'debug' };
  product = await startProduct({
    ...traced,
    OTEL_SERVICE_NAME: 'here',
    DATA_DIR: data.path,
    INVOKE_TIMEOUT: '3',
    GATEWAY_ASYNC_DEADLINE: '20',
  });
  host = await startProduct({ ...traced, OTEL_SERVICE_NAME: 'there', DATA_DIR: elsewhere.path });
  client = new GatewayClient(product.url);
  remote = await startRemoteAgent();
  servers.push(remote);
  await publish('remote', remote.cardUrl, { review: { risk_level: 'low' } });
  const patient = await startRemoteAgent();
  servers.push(patient);
  await publish('patient', patient.cardUrl, { review: { risk_level: 'low' } });
  const away = await startWrongAgent(() => {});
  await publish('gone', away.cardUrl);
  await away.close();
  const [followed, called, waited, slower] = await Promise.all([
    client.post('/agents/patient/invoke-async', { message: 'never' }),
    client.post('/agents/gone/invoke-async', { message: 'x' }),
    client.invoke('patient', { message: 'never' }),
    client.invoke('patient', { message: 'slower', settlement: { rail: 'X402', amount: 15 } }),
  ]);
  endless = {
    followed: followed.body.receipt_id,
    away: called.body.receipt_id,
    waited: waited.body.receipt_id,
  };
  late = slower;
}, 120_000);

afterAll(async () => {
  await killAllProducts();
  await Promise.all([collector.close(), ...servers.map((server) => server.close())]);
  await Promise.all([data.remove(), elsewhere.remove()]);
});

async function publish(agent_id: string, card_url: string, more: Wire = {}): Promise<Wire> {
  const { status, body } = await client.post('/agents', { agent_id, card_url, allow_private: true, ...more });
  expect({ status, error: body.error }).toEqual({ status: 201 });
  return body;
}

describe('one trace, from a request to its receipt', () => {
  const lines = (of: Product, id: string) =>
    of
      .log()
      .split('\n')
      .filter((line) => line.includes(id))
      .map((line): Wire => JSON.parse(line));
  const begin = async (path: string): Promise<{ id: string; receipt: Wire }> => {
    const id = randomUUID().replaceAll('-', '');
    const caller = new GatewayClient(product.url, { traceparent: `00-${id}-b7ad6b7169203331-01` });
    const { body } = await caller.post(path, { message: 'hi' });
    const { receipt } = await client.final(body.receipt_id, 60_000);
    return { id, receipt };
  };
  const spansOf = (id: string, wanted: string[]) =>
    until(`the collector has ${wanted}`, async () => {
      const names = collector.spans
        .filter(({ traceId }) => traceId === id)
        .map(({ service, name }) => `${service} ${name}`);
      return wanted.every((name) => names.includes(name)) ? names : undefined;
    });

  it('through Temporal into the activities of a task', async () => {
    const { id, receipt } = await begin('/agents/echo/invoke');
    expect(receipt.trace_id).toBe(id);
    await spansOf(id, [
      'here POST /v1/agents/:agent_id/invoke',
      'here StartWorkflow:echo',
      'here RunActivity:projectChange',
    ]);
    expect(lines(product, id)).toContainEqual(
      expect.objectContaining({ trace_id: id, surface: 'gateway', status: 200 }),
    );
  });

  it('of a call that is made later, on to the agent of another host', async () => {
    await publish('echo-there', `${agentUrl(host.url, 'echo')}/.well-known/agent-card.json`, {
      review: { risk_level: 'low' },
    });
    const { id, receipt } = await begin('/agents/echo-there/invoke-async');
    expect(receipt).toMatchObject({ trace_id: id, status: 'succeeded' });
    await spansOf(id, [
      'here RunActivity:followCall',
      'here POST',
      'there StartWorkflow:echo',
      'there RunActivity:projectChange',
    ]);
    expect(lines(host, id)).toContainEqual(expect.objectContaining({ trace_id: id, surface: 'a2a' }));
  });

  it('of a request that names none a new one', async () => {
    const { body } = await client.invoke('echo', { message: 'hi' });
    const { receipt } = await client.final(body.receipt_id);
    expect(receipt.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(lines(product, receipt.trace_id)).not.toEqual([]);
  });
});

describe('publish', () => {
  it('shows it beside the host’s own', async () => {
    const { body } = await client.get('/agents/remote');
    expect(body).toMatchObject({
      agent_id: 'remote',
      provider_id: 'local',
      name: 'Remote',
      version: '1.2.3',
      kind: 'remote',
      card_url: remote.cardUrl,
      card_signed: false,
      status: 'active',
      review: { risk_level: 'low', cost_per_call_units: 0 },
      skills: [{ id: 'remote' }],
    });
    const { body: all } = await client.get('/agents');
    expect(all.agents.map(({ agent_id }: Wire) => agent_id)).toContain('remote');
  });

  it.each([
    ['the same id again', { agent_id: 'remote' }, 409, /^agent_id: /],
    ['the id of a workflow', { agent_id: 'echo' }, 409, /^agent_id: /],
    ['a private address', { allow_private: false }, 422, /^card_url: .*not allowed/],
    ['no card', { card_url: 'http://127.0.0.1:1/card' }, 422, /^card_url: /],
    ['no URL', { card_url: 'file:///etc/passwd' }, 400, /^card_url: /],
    ['an unknown provider', { provider_id: 'nobody' }, 404, /nobody/],
    ['an unknown field', { public: true }, 400, /^public: /],
  ])('%s: %j %i', async (_name, given, status, message) => {
    const body = { agent_id: 'another', card_url: remote.cardUrl, allow_private: true, ...given };
    expect(await client.post('/agents', body)).toMatchObject({
      status,
      body: { error: { message: expect.stringMatching(message) } },
    });
  });

  it('a signed card is checked, and a wrong signature refused', async () => {
    const url = `${agentUrl(host.url, 'echo')}/.well-known/agent-card.json`;
    expect((await publish('their-echo', url)).card_signed).toBe(true);
    const card: Wire = await (await fetch(url)).json();
    const server = await startRemoteAgent({ ...card, name: 'Forged' });
    servers.push(server);
    const { status, body } = await client.post('/agents', {
      agent_id: 'forged',
      card_url: server.cardUrl,
      allow_private: true,
    });
    expect({ status, message: body.error?.message }).toEqual({
      status: 422,
      message: 'card_url: the card’s signature is not right',
    });
  });

  it('unpublish: it is gone; a workflow is published by its folder', async () => {
    await publish('brief', remote.cardUrl);
    const gone = () => fetch(`${product.url}/v1/agents/brief`, { method: 'DELETE' });
    expect((await gone()).status).toBe(204);
    expect((await gone()).status).toBe(404);
    expect((await client.invoke('brief', { message: 'x' })).status).toBe(404);
    expect((await fetch(`${product.url}/v1/agents/echo`, { method: 'DELETE' })).status).toBe(409);
    const { entries } = (await client.get('/admin/audit')).body;
    const known = entries.filter(({ detail }: Wire) => detail.id === 'brief');
    expect(known).toMatchObject([
      { event: 'agent-unpublish', caller: 'local', address: '127.0.0.1' },
      { event: 'agent-publish', caller: 'local', address: '127.0.0.1' },
    ]);
  });
});

describe('calls', () => {
  it('invoke: the envelope, with the agent’s own answer as raw', async () => {
    const { status, body } = await client.invoke('remote', { message: 'hi', skill_id: 'remote' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      agent_id: 'remote',
      status: 'completed',
      message: 'done',
      output: { echoed: ['hi'], metadata: { skill_id: 'remote' } },
      raw: { jsonrpc: '2.0', result: { task: { status: { state: 'TASK_STATE_COMPLETED' } } } },
    });
    const { receipt, output } = await client.receipt(body.receipt_id);
    expect(receipt).toMatchObject({ status: 'succeeded', task_id: body.task_id });
    expect(output).toMatchObject({ task_id: body.task_id, status: 'completed' });
    const task = await client.post(`/agents/remote/tasks/${body.task_id}/get`, {});
    expect(task.body).toMatchObject({ status: 'completed', receipt_id: body.receipt_id });
    const { body: agent } = await client.get('/agents/remote');
    expect(agent.health).toMatchObject({ last_seen_at: expect.any(String), latency_ms: expect.any(Number) });
  });

  it.each([
    ['ask', 'input-required', 'succeeded'],
    ['fail', 'failed', 'failed'],
    ['slow', 'completed', 'succeeded'],
    ['reply', 'completed', 'succeeded'],
  ])('%s: %s, and the receipt %s', async (message, status, receipt) => {
    const { body } = await client.invoke('remote', { message });
    expect(body.status).toBe(status);
    expect((await client.receipt(body.receipt_id)).receipt.status).toBe(receipt);
  });

  it('keeps and returns what the agent says of a payment', async () => {
    const { body } = await client.invoke('remote', { message: 'pay', settlement: { amount: 15 } });
    expect(body.payment_receipt).toEqual({ paid: '15', currency: 'AUD' });
    expect((await client.receipt(body.receipt_id)).payment_receipt).toEqual(body.payment_receipt);
  });

  it('invoke-async: its receipt follows the task to its end', async () => {
    const { body } = await client.post('/agents/remote/invoke-async', { message: 'slow' });
    expect(body.status).toBe('running');
    expect(await client.final(body.receipt_id, 60_000)).toMatchObject({
      receipt: { status: 'succeeded', invoke_mode: 'async' },
      output: { status: 'completed', output: { echoed: ['slow'] } },
    });
  });

  it('invoke-async keeps what the agent says of a payment', async () => {
    const { body } = await client.post('/agents/remote/invoke-async', { message: 'pay' });
    expect(await client.final(body.receipt_id)).toMatchObject({
      receipt: { status: 'succeeded' },
      payment_receipt: { paid: '15', currency: 'AUD' },
    });
  });

  it('invoke-async goes on with a task that waits', async () => {
    const asked = await client.invoke('remote', { message: 'ask' });
    const { body } = await client.post('/agents/remote/invoke-async', {
      message: 'hi',
      task_id: asked.body.task_id,
    });
    expect(await client.final(body.receipt_id)).toMatchObject({
      receipt: { status: 'succeeded', task_id: asked.body.task_id },
      output: { status: 'completed', output: { echoed: ['hi'] } },
    });
  });

  it.each(['1.0', '0.3'])('a v%s agent that streams is listened to, not asked again', async (version) => {
    const streaming = await startRemoteAgent({ capabilities: { streaming: true } }, version);
    servers.push(streaming);
    const agentId = `streaming-${version}`;
    await publish(agentId, streaming.cardUrl, { review: { risk_level: 'low' } });
    const methods = () => streaming.requests.splice(0).map(({ method }) => method);
    const [send, get, subscribe] =
      version === '1.0'
        ? ['SendMessage', 'GetTask', 'SubscribeToTask']
        : ['message/send', 'tasks/get', 'tasks/resubscribe'];
    const { body } = await client.invoke(agentId, { message: 'slow' });
    expect(body).toMatchObject({ status: 'completed', output: { echoed: ['slow'] } });
    expect(body.raw.result).toMatchObject({ id: body.task_id });
    expect(methods()).toEqual([send, get, subscribe, get]);
    const later = await client.post(`/agents/${agentId}/invoke-async`, { message: 'slow' });
    expect(await client.final(later.body.receipt_id)).toMatchObject({
      receipt: { status: 'succeeded' },
      output: { output: { echoed: ['slow'] } },
    });
    expect(methods()).toEqual([send, get, subscribe, get]);
  });

  it('subscribe: each change of its stream', async () => {
    const begun = await client.post('/agents/streaming-1.0/invoke-async', { message: 'slow' });
    const task = await until('its task is known', async () => {
      const { receipt } = await client.receipt(begun.body.receipt_id);
      return receipt.task_id;
    });
    const response = await fetch(`${product.url}/v1/agents/streaming-1.0/tasks/${task}/subscribe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const events = (await response.text()).split('\n').filter((line) => line.startsWith('data:'));
    const changes = events.map((line) => JSON.parse(line.slice(5)));
    expect(changes.map(({ status }) => status)).toEqual(['running', 'completed']);
    expect(changes.at(-1)).toMatchObject({
      task_id: task,
      output: { echoed: ['slow'] },
      raw: { result: { task: { id: task } } },
    });
  });

  describe('agent_envelope is sent as it is', () => {
    const message = { role: 'ROLE_USER', messageId: 'm-1', parts: [{ text: 'hi' }], theirs: { a: 1 } };
    const params = { message, configuration: { returnImmediately: true, more: true }, theirs: [1] };
    const withId = { ...message, messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) };

    it.each([
      ['a request', { jsonrpc: '2.0', id: 'mine', method: 'SendMessage', params, theirs: 1 }, undefined],
      ['parameters', params, { method: 'SendMessage', params }],
      ['a message', message, { method: 'SendMessage', params: { message } }],
      ['a message without an id', { ...message, messageId: undefined }, { params: { message: withId } }],
    ])('%s', async (_name, agent_envelope, sent) => {
      const from = remote.requests.length;
      const { body } = await client.invoke('remote', { agent_envelope });
      expect(body).toMatchObject({ status: 'completed', raw: { jsonrpc: '2.0' } });
      const request = remote.requests[from];
      if (sent === undefined) expect(request).toEqual(agent_envelope);
      else expect(request).toMatchObject(sent);
      expect(body.raw.id).toBe(request?.id);
    });

    it('later, too', async () => {
      const from = remote.requests.length;
      const again = { ...params, message: { ...message, messageId: randomUUID() } };
      const { body } = await client.post('/agents/remote/invoke-async', { agent_envelope: again });
      expect((await client.final(body.receipt_id)).receipt.status).toBe('succeeded');
      expect(remote.requests[from]?.params).toEqual(again);
    });

    it.each([
      ['taskId', { ...message, taskId: 'c\ud800b' }, 'taskId: holds control characters'],
      ['contextId', { ...message, contextId: 'c\u0000b' }, 'contextId: holds control characters'],
      [
        'messageId',
        { message: { ...message, messageId: '\u0000' } },
        'message.messageId: holds control characters',
      ],
      [
        'task_id',
        { params: { message: { ...message, task_id: 'it' } } },
        'params.message.task_id: belongs in taskId',
      ],
      ['id', { params: { message, id: 'it' } }, 'params.id: belongs in message.taskId'],
    ])('its %s is as that of a body: else 400', async (_name, agent_envelope, problem) => {
      const { status, body } = await client.invoke('remote', { agent_envelope });
      expect({ status, message: body.error.message }).toEqual({
        status: 400,
        message: `agent_envelope.${problem}`,
      });
    });

    it('what the record cannot say as text is no obstacle for other calls', async () => {
      const never = await startWrongAgent((_req, res) => res.writeHead(503).end());
      servers.push(never);
      await publish('nul', never.cardUrl);
      const parts = [{ text: 'a\u0000b\ud800' }];
      await client.post('/agents/nul/invoke-async', { agent_envelope: { ...message, parts } });
      const { body } = await client.post('/agents/remote/invoke-async', { message: 'slow' });
      expect((await client.final(body.receipt_id, 60_000)).receipt.status).toBe('succeeded');
    });

    it('another method than a send is refused', async () => {
      const agent_envelope = { jsonrpc: '2.0', id: 1, method: 'CancelTask', params };
      const { status, body } = await client.invoke('remote', { agent_envelope });
      expect({ status, message: body.error.message }).toEqual({
        status: 400,
        message: expect.stringMatching(/^agent_envelope\.method: must be SendMessage/),
      });
    });
  });

  it('an unknown task: 404', async () => {
    const { status, body } = await client.post(`/agents/remote/tasks/${randomUUID()}/get`, {});
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'task_not_found' });
  });

  it('a v0.3 agent, by what its card says', async () => {
    const older = await startRemoteAgent({}, '0.3');
    servers.push(older);
    await publish('older', older.cardUrl);
    expect((await client.invoke('older', { message: 'hi' })).body).toMatchObject({
      status: 'completed',
      output: { echoed: ['hi'] },
      raw: { result: { kind: 'task', status: { state: 'completed' } } },
    });
  });

  it('another host of ours, over to a question and its answer', async () => {
    await publish('their-expenses', `${agentUrl(host.url, 'expense-approval')}/.well-known/agent-card.json`);
    const asked = await client.invoke('their-expenses', { message: '1,200 USD chair' });
    expect(asked.body.status).toBe('input-required');
    const { task_id } = asked.body;
    const answered = await client.invoke('their-expenses', { message: 'yes', task_id });
    expect(answered.body).toMatchObject({ status: 'completed', task_id, output: { approved: true } });
    const listed = await client.post('/agents/their-expenses/tasks/list', {});
    expect(listed.body.output.tasks).toMatchObject([{ task_id, status: 'completed' }]);
    const running = await client.post('/agents/their-expenses/tasks/list', { status: 'running' });
    expect(running.body).toMatchObject({ output: { tasks: [] }, raw: { result: { tasks: [] } } });
  });
});

describe('credentials', () => {
  const secret = `secret-${randomUUID()}`;
  const apiKeyCard = {
    securitySchemes: { key: { apiKeySecurityScheme: { location: 'header', name: 'X-Their-Key' } } },
    securityRequirements: [{ schemes: { key: { list: [] } } }],
  };

  it('auth_token is sent as a bearer token, or as the card asks', async () => {
    await client.invoke('remote', { message: 'hi', auth_token: secret });
    expect(remote.calls.at(-1)?.authorization).toBe(`Bearer ${secret}`);
    const keyed = await startRemoteAgent(apiKeyCard);
    servers.push(keyed);
    await publish('keyed', keyed.cardUrl);
    await client.invoke('keyed', { message: 'hi', auth_token: secret });
    expect(keyed.calls.at(-1)).toMatchObject({ 'x-their-key': secret });
    expect(keyed.calls.at(-1)).not.toHaveProperty('authorization');
  });

  it('an asynchronous call has it too, and it is gone with the end', async () => {
    const { body } = await client.post('/agents/remote/invoke-async', {
      message: 'slow',
      auth_token: `${secret}-2`,
    });
    const stored = await client.final(body.receipt_id, 60_000);
    expect(remote.calls.at(-1)?.authorization).toBe(`Bearer ${secret}-2`);
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it('a stored one: the secret goes in once and never comes out', async () => {
    const made = await client.post('/auth-contexts', {
      provider_id: 'local',
      auth_model: 'bearer',
      token: secret,
      subject: 'ada',
    });
    expect(made).toMatchObject({
      status: 201,
      body: { provider_id: 'local', auth_model: 'bearer', subject: 'ada', token_preview: secret.slice(-4) },
    });
    const { auth_context_id } = made.body;
    const { body } = await client.invoke('remote', { message: 'hi', auth_context_id });
    expect(body.status).toBe('completed');
    expect(remote.calls.at(-1)?.authorization).toBe(`Bearer ${secret}`);
    const listed = await client.get('/auth-contexts');
    expect(listed.body.auth_contexts).toEqual([made.body]);
    for (const shown of [made.body, listed.body, body, await client.receipt(body.receipt_id)]) {
      expect(JSON.stringify(shown)).not.toContain(secret);
    }
    const remove = () => fetch(`${product.url}/v1/auth-contexts/${auth_context_id}`, { method: 'DELETE' });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    const refused = await client.invoke('remote', { message: 'hi', auth_context_id });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringMatching(/^auth_context_id: /) } },
    });
  });

  it('one that has expired, or is another provider’s, is not used', async () => {
    await client.post('/providers', { provider_id: 'acme', name: 'Acme' });
    const of = async (more: Wire): Promise<string> =>
      (
        await client.post('/auth-contexts', {
          provider_id: 'local',
          auth_model: 'bearer',
          token: secret,
          ...more,
        })
      ).body.auth_context_id;
    const before = remote.calls.length;
    const expires = Date.now() + 3_000;
    const stored = [
      await of({ expires_at: new Date(expires).toISOString() }),
      await of({ provider_id: 'acme' }),
    ];
    await until('one has expired', () => Date.now() > expires || undefined);
    for (const auth_context_id of stored) {
      const { status } = await client.invoke('remote', { message: 'hi', auth_context_id });
      expect(status).toBe(422);
    }
    // The verifier may ask for other tasks meanwhile.
    const used = remote.calls.slice(before).map(({ authorization }) => authorization);
    expect(used).not.toContain(`Bearer ${secret}`);
  });

  it('a stored one holds through a rotation of the key, in a host that goes on', async () => {
    const store = async (): Promise<string> =>
      (await client.post('/auth-contexts', { provider_id: 'local', auth_model: 'bearer', token: secret }))
        .body.auth_context_id;
    const stored = [await store()];
    for (let times = 0; times < 2; times++) {
      const { code, stdout } = await runProduct(['--json', 'secrets', 'rotate'], { DATA_DIR: data.path });
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, problems: [] });
      stored.push(await store());
    }
    for (const auth_context_id of stored) {
      const { body } = await client.invoke('remote', { message: 'hi', auth_context_id });
      expect(body.status).toBe('completed');
      expect(remote.calls.at(-1)?.authorization).toBe(`Bearer ${secret}`);
    }
    const { stdout } = await runProduct(['--json', 'audit', '--event', 'secrets-rotate'], {
      DATA_DIR: data.path,
    });
    expect(JSON.parse(stdout).entries).toHaveLength(2);
  });

  it('a stored one is stored once under an Idempotency-Key; a verifier’s run under one runs once', async () => {
    const context = { provider_id: 'local', auth_model: 'bearer', token: secret };
    const key = { 'Idempotency-Key': randomUUID() };
    const store = (body: Wire) => post(`${product.url}/v1/auth-contexts`, body, key);
    const first = await store(context);
    const second = await store(context);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await store({ ...context, token: `${secret}-other` })).status).toBe(422);
    expect((await store({ ...context, token: 3 })).status).toBe(422);
    const run = () => post(`${product.url}/v1/verifier/run`, '', key);
    const sweep = await run();
    expect(await run()).toMatchObject({ status: 200, body: sweep.body });
    expect((await run()).headers.get('idempotent-replayed')).toBe('true');
  });

  it('a token goes to nobody else who takes over the id of its agent', async () => {
    const own = `own-${randomUUID()}`;
    const away = await startWrongAgent((_req, res) => void res.destroy());
    const taker = await startRemoteAgent();
    servers.push(away, taker);
    const unpublish = () => fetch(`${product.url}/v1/agents/swapped`, { method: 'DELETE' });
    await client.post('/providers', { provider_id: 'taker', name: 'Taker' });
    for (const by of ['local', 'taker']) {
      await publish('swapped', away.cardUrl);
      const { body } = await client.post('/agents/swapped/invoke-async', { message: 'x', auth_token: own });
      const before = away.calls.length;
      await until('it was tried', () => (away.calls.length > before ? true : undefined));
      await unpublish();
      await publish('swapped', taker.cardUrl, { provider_id: by });
      expect(await client.final(body.receipt_id, 60_000)).toMatchObject({
        receipt: { status: 'failed' },
        stderr: expect.stringMatching(
          by === 'local' ? /auth_token: was given for another/ : /another provider/,
        ),
      });
      await unpublish();
    }
    expect(taker.calls).toEqual([]);
  });

  it('is in no log', () => {
    expect(product.log()).not.toContain(secret);
  });
});

describe('an agent that does not answer as it should', () => {
  const BIG = Buffer.alloc(1024 * 1024, 'x');
  const WRONG: [string, Parameters<typeof startWrongAgent>[0] | 'away', number][] = [
    ['is away', 'away', 502],
    ['never answers', () => {}, 504],
    ['answers with a page', (_req, res) => res.end('<html>'), 502],
    ['answers 500', (_req, res) => res.writeHead(500).end(), 502],
    [
      'redirects inside',
      (_req, res) => res.writeHead(307, { location: `${product.url}/healthz` }).end(),
      502,
    ],
    [
      'sends 100 MB',
      (_req, res) => {
        res.writeHead(200, { 'content-type': 'application/json' });
        Readable.from(Array(100).fill(BIG)).pipe(res);
      },
      502,
    ],
    [
      'answers with what is no task',
      (_req, res) => {
        const body = { jsonrpc: '2.0', id: 1, result: { task: { id: '', status: {} } } };
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      502,
    ],
  ];

  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  const artifact = (data: string) => `,"artifacts":[{"artifactId":"a","parts":[{"data":${data}}]}]`;
  it.each([
    ['a number that is none', `"contextId":"c"${artifact('{"a":1e400}')}`, 'a number that is out of range'],
    ['a context id with a NUL', '"contextId":"a\\u0000b"', 'a context id that is not well-formed text'],
    [
      'a context id with half a character',
      '"contextId":"\\ud800"',
      'a context id that is not well-formed text',
    ],
    ['data without end', `"contextId":"c"${artifact(deep)}`, 'nested deeper than 100 levels'],
  ])('answers with %s: 502, and the receipt says why', async (name, fields, why) => {
    const server = await startWrongAgent((_req, res) => {
      const task = `{"id":"it",${fields},"status":{"state":"TASK_STATE_COMPLETED"}}`;
      res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":1,"result":{"task":${task}}}`);
    });
    servers.push(server);
    const agentId = name.toLowerCase().replaceAll(/\W/g, '-');
    await publish(agentId, server.cardUrl);
    const { status, body } = await client.invoke(agentId, { message: 'x' });
    expect({ status, message: body.error.message }).toEqual({
      status: 502,
      message: expect.stringContaining(why),
    });
    const stored = await client.receipt(body.receipt_id);
    expect(stored).toMatchObject({ receipt: { status: 'failed' }, stderr: expect.stringContaining(why) });
  });

  it.each(WRONG)('%s: a failed receipt, and nothing hangs', async (name, answer, expected) => {
    const server = await startWrongAgent(answer === 'away' ? () => {} : answer);
    const agentId = `wrong-${name.toLowerCase().replaceAll(/\W/g, '-')}`;
    await publish(agentId, server.cardUrl);
    if (answer === 'away') await server.close();
    else servers.push(server);
    const { status, body } = await client.invoke(agentId, { message: 'x' });
    expect(status).toBe(expected);
    expect(body.error.message).not.toMatch(/127\.0\.0\.1|http:/);
    const stored = await client.receipt(body.receipt_id);
    expect(stored).toMatchObject({
      receipt: { status: 'failed' },
      stderr: `${body.error.code}: ${body.error.message}`,
    });
  });

  /** An agent that streams, whose calls are answered with what this gives for their method. */
  const startMistaken = (answers: (method: string) => object | 'flood') =>
    startWrongAgent(
      (req, res) => {
        const chunks: Buffer[] = [];
        req
          .on('data', (chunk) => chunks.push(chunk))
          .on('end', () => {
            const { id, method } = JSON.parse(Buffer.concat(chunks).toString());
            const result = answers(method);
            const answer = JSON.stringify({ jsonrpc: '2.0', id, result });
            const streams = method === 'SubscribeToTask';
            res.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
            if (result === 'flood') Readable.from(['data: ', ...Array(100).fill(BIG)]).pipe(res);
            else res.end(streams ? `data: ${answer}\n\n` : answer);
          });
      },
      { capabilities: { streaming: true } },
    );
  const taskOf = (id: string, state: string) => ({
    id,
    contextId: 'c',
    status: { state: `TASK_STATE_${state}` },
    artifacts: [],
    history: [],
  });

  it.each([
    ['to a send', 'SendMessage'],
    ['when it is asked for', 'GetTask'],
    ['in its stream', 'SubscribeToTask'],
  ])('answers another task’s id %s: 502 and a failed receipt', async (_name, wrong) => {
    let begun = false;
    const server = await startMistaken((method) => {
      if (!begun) return { task: taskOf('it', 'INPUT_REQUIRED') };
      const task = taskOf(method === wrong ? 'another' : 'it', 'WORKING');
      return method === 'GetTask' ? task : { task };
    });
    servers.push(server);
    const agentId = `mistaken-${wrong.toLowerCase()}`;
    await publish(agentId, server.cardUrl);
    await client.invoke(agentId, { message: 'x' });
    begun = true;
    const { status, body } = await client.invoke(agentId, { message: 'x', task_id: 'it' });
    expect({ status, message: body.error.message }).toEqual({
      status: 502,
      message: 'The agent answered with another task',
    });
    expect((await client.receipt(body.receipt_id)).receipt.status).toBe('failed');
    const asked = await client.post(`/agents/${agentId}/tasks/it/get`, {});
    expect(asked.status).toBe(wrong === 'GetTask' ? 502 : 200);
  });

  it('streams 100 MB: that is broken off, and it is asked instead', async () => {
    let asked = 0;
    const server = await startMistaken((method) => {
      if (method === 'SendMessage') return { task: taskOf('it', 'WORKING') };
      if (method === 'GetTask') return taskOf('it', asked++ === 0 ? 'WORKING' : 'COMPLETED');
      return 'flood';
    });
    servers.push(server);
    await publish('flood', server.cardUrl);
    const { body } = await client.invoke('flood', { message: 'x' });
    expect(body.status).toBe('completed');
  });

  it('an asynchronous call of one that is away is made when it is back', async () => {
    let back = false;
    const server = await startWrongAgent((req, res) => {
      if (!back) return void res.destroy();
      const chunks: Buffer[] = [];
      req
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', () => {
          const { id, method } = JSON.parse(Buffer.concat(chunks).toString());
          const task = { id: 'late', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } };
          const result = method === 'SendMessage' ? { task } : task;
          res
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        });
    });
    servers.push(server);
    await publish('tired', server.cardUrl);
    const { body } = await client.post('/agents/tired/invoke-async', { message: 'x' });
    await until('it was tried', () => (server.calls.length > 0 ? true : undefined));
    expect((await client.receipt(body.receipt_id)).receipt.status).toBe('running');
    back = true;
    expect((await client.final(body.receipt_id)).receipt).toMatchObject({
      status: 'succeeded',
      task_id: 'late',
    });
  });
});

it('an asynchronous call that waits for its agent ends when that is blocked', async () => {
  let back = false;
  const sent: string[] = [];
  const server = await startWrongAgent(async (req, res) => {
    if (back) sent.push(await text(req));
    res.destroy();
  });
  servers.push(server);
  await publish('suspect', server.cardUrl);
  const { body } = await client.post('/agents/suspect/invoke-async', { message: 'x', auth_token: 'given' });
  await until('it was tried', () => (server.calls.length > 0 ? true : undefined));
  await client.post('/admin/agents/suspect/block', { reason: 'not to be trusted' });
  back = true;
  expect(await client.final(body.receipt_id)).toMatchObject({
    receipt: { status: 'failed' },
    stderr: expect.stringMatching(/^agent_blocked: /),
  });
  expect(sent).toEqual([]);
});

describe('what is not the agent’s fault', () => {
  type Reply = { status?: number; result?: object; error?: object; afterMs?: number };

  /** Published as `agentId`; its calls are answered with what this gives. */
  async function answering(
    agentId: string,
    replies: (method: string, headers: IncomingHttpHeaders) => Reply,
  ): Promise<RemoteServer> {
    const server = await startWrongAgent(async (req, res) => {
      const { id, method } = JSON.parse(await text(req));
      const { status = 200, afterMs = 0, ...said } = replies(method, req.headers);
      await delay(afterMs, undefined, { ref: false });
      res
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
    });
    servers.push(server);
    await publish(agentId, server.cardUrl);
    return server;
  }
  const completed = { id: 'it', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } };

  it('a wrong credential is told as that, ends a later call at once, and stands in nobody else’s way', async () => {
    await answering('guarded', (method, { authorization }) => {
      if (authorization !== 'Bearer right') return { status: 401 };
      return { result: method === 'GetTask' ? completed : { task: completed } };
    });
    const invoke = (more: Wire) => client.invoke('guarded', { message: 'x', ...more });
    const later = await client.post('/agents/guarded/invoke-async', { message: 'x', auth_token: 'wrong' });
    for (const more of [{}, ...Array(5).fill({ auth_token: 'wrong' })]) {
      const { status, body } = await invoke(more);
      expect({ status, error: body.error }).toEqual({
        status: 422,
        error: {
          code: 'credential_refused',
          message:
            more.auth_token === undefined
              ? 'The agent asks for a credential: give auth_token or auth_context_id'
              : 'The agent refused the credential',
        },
      });
    }
    expect((await invoke({ auth_token: 'right' })).body).toMatchObject({ status: 'completed' });
    expect(await client.final(later.body.receipt_id)).toMatchObject({
      receipt: { status: 'failed' },
      stderr: 'credential_refused: The agent refused the credential',
    });
    expect((await client.get('/agents/guarded')).body.health.success_rate).toBe(1);
  });

  it('the verifier asks with a stored credential; without one it says why it could not', async () => {
    const stored = await client.post('/auth-contexts', {
      provider_id: 'local',
      auth_model: 'bearer',
      token: 'right',
    });
    const judged = async (given: Wire) => {
      const { receipt_id } = (await client.invoke('guarded', { message: 'x', ...given })).body;
      return until('it is verified', async () => {
        await client.post('/verifier/run', '');
        const { body } = await client.get(`/receipts/${receipt_id}/verifications`);
        return body.verifications[0];
      });
    };
    expect(await judged({ auth_context_id: stored.body.auth_context_id })).toMatchObject({
      verification: 'verified',
    });
    expect(await judged({ auth_token: 'right' })).toMatchObject({
      verification: 'verified',
      reason: expect.stringMatching(
        /sequence are right; the agent could not be asked: The agent asks for a cred/,
      ),
    });
  });

  it('a method that its agent does not have is the agent’s failure', async () => {
    await answering('unable', () => ({ error: { code: -32601, message: 'Method not found' } }));
    const { status, body } = await client.invoke('unable', { message: 'x' });
    expect({ status, code: body.error.code }).toEqual({ status: 502, code: 'agent_failed' });
  });

  it('a caller that hangs up: what the agent was told is followed to its end', async () => {
    const server = await answering('leisurely', () => ({ afterMs: 1_000, result: { task: completed } }));
    const leaving = new AbortController();
    const left = fetch(`${product.url}/v1/agents/leisurely/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'x' }),
      signal: leaving.signal,
    }).catch((error: Error) => error.name);
    await until('the agent is told', () => (server.calls.length > 0 ? true : undefined));
    leaving.abort();
    expect(await left).toBe('AbortError');
    const { body } = await client.get('/receipts?agent_id=leisurely');
    expect(await client.final(body.receipts[0].receipt_id)).toMatchObject({
      receipt: { status: 'succeeded', task_id: 'it' },
    });
    expect(server.calls).toHaveLength(1);
  });
});

describe('of calls that took too long', () => {
  it.each(['followed', 'waited'] as const)(
    'one whose task does not end fails at its deadline: %s',
    async (which) => {
      expect(await client.final(endless[which], 60_000)).toMatchObject({
        receipt: { status: 'failed', task_id: expect.any(String) },
        stderr: 'The call has not come to an end within its time',
      });
    },
  );

  it('an agent that is away is tried again until then, not given up before', async () => {
    const { receipt, stderr } = await client.final(endless.away, 60_000);
    expect(stderr).toBe('The call has not come to an end within its time');
    const tookMs = Date.parse(receipt.completed_at) - Date.parse(receipt.started_at);
    expect(tookMs).toBeGreaterThan(16_500);
  });

  it('one that was waited for is 504, and its receipt follows the task to its end', async () => {
    const { status, body } = late;
    expect({ status, code: body.error.code }).toEqual({ status: 504, code: 'agent_timeout' });
    expect(await client.final(body.receipt_id, 60_000)).toMatchObject({
      receipt: { status: 'succeeded', task_id: body.task_id },
      output: { status: 'completed', output: { echoed: ['slower'] } },
      payment_receipt: { paid: '15', currency: 'AUD' },
    });
    const task = await client.post(`/agents/patient/tasks/${body.task_id}/get`, {});
    expect(task.body).toMatchObject({
      settlement: { rail: 'x402', amount: '15' },
      payment_receipt: { paid: '15', currency: 'AUD' },
    });
  });
});

it('all receipts are as signed', async () => {
  const { stdout } = await runProduct(['receipts', 'verify', '--all', '--json'], { DATA_DIR: data.path });
  expect(JSON.parse(stdout).findings).toEqual([]);
});
