/** The gateway facade over HTTP: every field of its bodies, every row of its table of statuses (WIRE of the facade). */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayClient } from '../support/gateway.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, call, collect, type Wire } from '../support/rpc.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WORKFLOWS = new URL('./fixtures/gateway', import.meta.url).pathname;
const data = await temporaryDataDir();
let product: Product;
let client: GatewayClient;

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: data.path, WORKFLOWS, INVOKE_TIMEOUT: '2' });
  client = new GatewayClient(product.url);
});

afterAll(async () => {
  await killAllProducts();
  await data.remove();
});

const invoke = (body: unknown) => client.invoke('probe', body);
const ok = async (body: unknown): Promise<Wire> => {
  const { status, body: answer } = await invoke(body);
  expect({ status, error: answer.error }).toEqual({ status: 200 });
  return answer;
};

describe('invoke', () => {
  it('answers with the envelope: output, receipt, task, context, raw', async () => {
    const answer = await ok({ message: 'show', input: { amount: 15 } });
    expect(answer).toEqual({
      agent_id: 'probe',
      status: 'completed',
      receipt_id: expect.stringMatching(UUID),
      task_id: expect.stringMatching(UUID),
      context_id: expect.stringMatching(UUID),
      message: 'shown',
      output: { parts: [{ text: 'show' }, { data: { amount: 15 } }], metadata: {} },
      raw: {
        jsonrpc: '2.0',
        id: 1,
        result: expect.objectContaining({
          id: answer.task_id,
          contextId: answer.context_id,
          status: expect.objectContaining({ state: 'completed' }),
        }),
      },
    });
  });

  it('message alone, input alone, null for absent', async () => {
    expect((await ok({ message: 'show' })).output.parts).toEqual([{ text: 'show' }]);
    expect((await ok({ input: { amount: 1 }, message: null, region: null })).output.parts).toEqual([
      { data: { amount: 1 } },
    ]);
  });

  it('text alone is the output { text }', async () => {
    expect((await ok({ message: 'text' })).output).toEqual({ text: 'only words' });
  });

  it('skill_id and settlement reach the agent; settlement is normalised and echoed', async () => {
    const settlement = { rail: 'X402', currency: 'aud', amount: 15, network: 'base' };
    const normal = { rail: 'x402', currency: 'AUD', amount: '15', network: 'base' };
    const answer = await ok({ message: 'show', skill_id: 'show', settlement });
    expect(answer.output.metadata).toEqual({ skill_id: 'show', settlement: normal });
    expect(answer.settlement).toEqual(normal);
    expect(answer).not.toHaveProperty('payment_receipt');
  });

  it('credentials go nowhere near an agent that needs none, nor into the receipt', async () => {
    const answer = await ok({ message: 'show', auth_token: 'very-secret-token' });
    expect(JSON.stringify(answer)).not.toContain('very-secret');
    expect(JSON.stringify(await client.receipt(answer.receipt_id))).not.toContain('very-secret');
    expect(product.log()).not.toContain('very-secret');
  });

  it('context_id holds calls together; task_id goes on with a task', async () => {
    const context_id = `conversation-${randomUUID()}`;
    const asked = await ok({ message: 'ask', context_id });
    expect(asked).toMatchObject({ status: 'input-required', message: 'Which one?', context_id });
    const answered = await ok({ message: 'the red one', task_id: asked.task_id });
    expect(answered).toMatchObject({
      status: 'completed',
      task_id: asked.task_id,
      context_id,
      message: 'It is the red one',
    });
    expect(answered.receipt_id).not.toBe(asked.receipt_id);
  });

  it.each([
    ['ask', 'input-required', 'succeeded', undefined],
    ['authorize', 'auth-required', 'succeeded', undefined],
    ['show', 'completed', 'succeeded', undefined],
    ['fail', 'failed', 'failed', 'The agent ended the task as failed: it broke'],
    ['reject', 'rejected', 'failed', 'The agent ended the task as rejected: not wanted'],
  ])('%s: the envelope says %s, the receipt %s', async (message, status, receipt, stderr) => {
    const answer = await ok({ message });
    expect(answer.status).toBe(status);
    const stored = await client.receipt(answer.receipt_id);
    expect(stored.receipt.status).toBe(receipt);
    expect(stored.stderr).toBe(stderr);
    expect(stored.output).toMatchObject({ status, task_id: answer.task_id, context_id: answer.context_id });
  });

  it('a plain answer names no task', async () => {
    const answer = await ok({ message: 'reply' });
    expect(answer).toMatchObject({ status: 'completed', message: 'a plain answer' });
    expect(answer).not.toHaveProperty('task_id');
    expect(answer.raw.result.kind).toBe('message');
    expect((await client.receipt(answer.receipt_id)).receipt).not.toHaveProperty('task_id');
  });

  it.each([
    ['a v1.0 request', { jsonrpc: '2.0', id: 7, method: 'SendMessage', params: { message: v1() } }],
    ['the parameters of a send', { message: v1(), metadata: { from: 'envelope' } }],
    [
      'a v0.3 message',
      { kind: 'message', role: 'user', messageId: randomUUID(), parts: [{ kind: 'text', text: 'show' }] },
    ],
  ])('agent_envelope: %s', async (_name, agent_envelope) => {
    const { output } = await ok({ agent_envelope });
    expect(output.parts).toEqual([expect.objectContaining({ text: 'show' })]);
    expect(output.metadata).toEqual('metadata' in agent_envelope ? { from: 'envelope' } : {});
  });

  function v1() {
    return { role: 'ROLE_USER', messageId: randomUUID(), parts: [{ text: 'show' }] };
  }
});

describe('what is refused before there is a receipt', () => {
  it.each([
    ['an unknown field', { message: 'x', max_cost_unit: 1 }, /^max_cost_unit: /],
    ['nothing to say', {}, /^message: /],
    ['a message that is no text', { message: 7 }, /^message: /],
    ['input that is no object', { input: [1] }, /^input: /],
    ['a limit that is no number', { message: 'x', max_cost_units: '5' }, /^max_cost_units: /],
    ['a limit below zero', { message: 'x', max_cost_units: -1 }, /^max_cost_units: /],
    ['a consent that is none', { message: 'x', confirm_risky: 'yes' }, /^confirm_risky: /],
    [
      'two credentials',
      { message: 'x', auth_token: 't', auth_context_id: randomUUID() },
      /^auth_context_id: /,
    ],
    ['a credential that no header takes', { message: 'x', auth_token: 'a\r\nb: c' }, /^auth_token: /],
    ['an auth context that is no UUID', { message: 'x', auth_context_id: 'mine' }, /^auth_context_id: /],
    ['an envelope beside a message', { message: 'x', agent_envelope: {} }, /^message: /],
    ['an envelope beside input', { input: {}, agent_envelope: {} }, /^input: /],
    [
      'an envelope without parts',
      { agent_envelope: { message: { role: 'user' } } },
      /^agent_envelope\.message\.parts: /,
    ],
    ['a settlement that is no amount', { message: 'x', settlement: { amount: -3 } }, /^settlement\.amount: /],
    ['a control character in an id', { message: 'x', context_id: 'a\u0000b' }, /^context_id: /],
    ['no object', [], /object/],
  ])('%s: 400', async (_name, body, message) => {
    const before = await client.count();
    const answer = await invoke(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: { code: 'invalid_request', message: expect.stringMatching(message) },
    });
    expect(await client.count()).toBe(before);
  });

  it('an unknown agent: 404', async () => {
    const before = await client.count();
    for (const path of ['invoke', 'invoke-async', 'check', 'tasks/list', `tasks/${randomUUID()}/get`]) {
      const { status, body } = await client.post(`/agents/nobody/${path}`, { message: 'x' });
      expect({ status, code: body.error.code }, path).toEqual({ status: 404, code: 'agent_not_found' });
    }
    expect(await client.count()).toBe(before);
  });

  it('a body that is no JSON: 400; one of another type: 415', async () => {
    expect(await invoke('{"message"')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request' } },
    });
    const response = await fetch(`${product.url}/v1/agents/probe/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(response.status).toBe(415);
  });
});

describe('what the agent does not take leaves a failed receipt', () => {
  const failed = async (body: unknown): Promise<Wire> => {
    const answer = await invoke(body);
    const { receipt, stderr } = await client.receipt(answer.body.receipt_id);
    expect(receipt.status).toBe('failed');
    expect(stderr).toBe(`${answer.body.error.code}: ${answer.body.error.message}`);
    return answer;
  };

  it('input of another shape: 422 naming its field', async () => {
    expect(await failed({ input: { amount: 'much' } })).toMatchObject({
      status: 422,
      body: { error: { code: 'unprocessable', message: expect.stringMatching(/^input\.amount: /) } },
    });
  });

  it('an unknown task: 404; one that has ended: 409; another context: 422', async () => {
    expect(await failed({ message: 'x', task_id: randomUUID() })).toMatchObject({
      status: 404,
      body: { error: { code: 'task_not_found' } },
    });
    const { task_id } = await ok({ message: 'show' });
    expect(await failed({ message: 'x', task_id })).toMatchObject({
      status: 409,
      body: { error: { code: 'task_not_waiting' } },
    });
    const asked = await ok({ message: 'ask' });
    expect(await failed({ message: 'x', task_id: asked.task_id, context_id: 'other' })).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringMatching(/^context_id: /) } },
    });
  });
});

it('a call that takes longer than INVOKE_TIMEOUT: 504, and its receipt follows the task to its end', async () => {
  const { status, body } = await invoke({ message: 'slow' });
  expect({ status, body }).toEqual({
    status: 504,
    body: {
      error: { code: 'agent_timeout', message: expect.any(String) },
      receipt_id: expect.stringMatching(UUID),
      task_id: expect.stringMatching(UUID),
      context_id: expect.stringMatching(UUID),
    },
  });
  expect((await client.receipt(body.receipt_id)).receipt).toMatchObject({
    status: 'running',
    task_id: body.task_id,
  });
  expect(await client.final(body.receipt_id)).toMatchObject({
    receipt: { status: 'succeeded', invoke_mode: 'sync' },
    output: { status: 'completed', message: 'shown' },
  });
});

describe('invoke-async', () => {
  it('answers at once, and the receipt tells the end', async () => {
    const { status, body } = await client.post('/agents/probe/invoke-async', { message: 'slow' });
    expect({ status, body }).toEqual({
      status: 200,
      body: { agent_id: 'probe', status: 'running', receipt_id: expect.stringMatching(UUID) },
    });
    const { receipt, output } = await client.final(body.receipt_id);
    expect(receipt).toMatchObject({ status: 'succeeded', invoke_mode: 'async', task_id: output.task_id });
    expect(output).toMatchObject({ status: 'completed', message: 'shown' });
    const task = await client.post(`/agents/probe/tasks/${output.task_id}/get`, {});
    expect(task.body).toMatchObject({ status: 'completed', receipt_id: body.receipt_id });
  });

  it.each([
    ['show', 'succeeded'],
    ['ask', 'succeeded'],
    ['reply', 'succeeded'],
    ['fail', 'failed'],
  ])('%s: the receipt says %s', async (message, expected) => {
    const { body } = await client.post('/agents/probe/invoke-async', { message });
    expect((await client.final(body.receipt_id)).receipt.status).toBe(expected);
  });

  it('what the agent does not take is a failed receipt', async () => {
    const { status, body } = await client.post('/agents/probe/invoke-async', { input: { amount: 'much' } });
    expect(status).toBe(200);
    const { receipt, stderr } = await client.final(body.receipt_id);
    expect({ status: receipt.status, stderr }).toEqual({
      status: 'failed',
      stderr: expect.stringMatching(/^unprocessable: input\.amount: /),
    });
  });
});

describe('tasks', () => {
  it('get: the envelope, the receipt that began it, ten messages unless it says how many', async () => {
    const asked = await ok({ message: 'ask' });
    const path = `/agents/probe/tasks/${asked.task_id}`;
    await ok({ message: 'red', task_id: asked.task_id });
    const { body } = await client.post(`${path}/get`, {});
    expect(body).toMatchObject({
      agent_id: 'probe',
      status: 'completed',
      receipt_id: asked.receipt_id,
      task_id: asked.task_id,
      context_id: asked.context_id,
      message: 'It is red',
    });
    expect(body.raw.result.history.map(({ role }: Wire) => role)).toEqual(['user', 'agent', 'user', 'agent']);
    expect(body.raw.result.history[0].parts[0].text).toBe('ask');
    const short = await client.post(`${path}/get`, { history_length: 1, auth_token: 'ignored' });
    expect(short.body.raw.result.history).toHaveLength(1);
    const none = await client.post(`${path}/get`, { history_length: 0 });
    expect(none.body.raw.result.history ?? []).toEqual([]);
  });

  it.each(['get', 'cancel', 'subscribe'])('%s of an unknown task: 404, and no receipt', async (what) => {
    const before = await client.count();
    const { status, body } = await client.post(`/agents/probe/tasks/${randomUUID()}/${what}`, {});
    expect({ status, body }).toEqual({
      status: 404,
      body: { error: { code: 'task_not_found', message: expect.any(String) } },
    });
    expect(await client.count()).toBe(before);
  });

  it.each([
    ['get', { history_length: -1 }, /^history_length: /],
    ['get', { historyLength: 1 }, /^historyLength: /],
    ['cancel', { reason: 'x' }, /^reason: /],
    ['list', { page_size: 0 }, /^page_size: /],
    ['list', { page_token: 'x' }, /^page_token: /],
  ])('%s with %j: 400', async (what, body, message) => {
    const path = what === 'list' ? 'tasks/list' : `tasks/${randomUUID()}/${what}`;
    expect(await client.post(`/agents/probe/${path}`, body)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(message) } },
    });
  });

  it('cancel: the canceled task; again 409', async () => {
    const { body } = await client.post('/agents/probe/invoke-async', { message: 'wait' });
    const { task_id } = await untilTask(body.receipt_id);
    const path = `/agents/probe/tasks/${task_id}/cancel`;
    expect((await client.post(path, {})).body).toMatchObject({
      agent_id: 'probe',
      task_id,
      status: 'canceled',
    });
    expect(await client.post(path, {})).toMatchObject({
      status: 409,
      body: { error: { code: 'task_ended' } },
    });
    const { receipt, stderr } = await client.final(body.receipt_id);
    expect({ status: receipt.status, stderr }).toEqual({
      status: 'failed',
      stderr: expect.stringMatching(/^The agent ended the task as canceled/),
    });
  });

  const untilTask = async (receiptId: string): Promise<Wire> => {
    for (;;) {
      const { receipt } = await client.receipt(receiptId);
      if (receipt.task_id !== undefined) return receipt;
    }
  };

  it('list: the caller’s tasks with this agent, page after page', async () => {
    const context_id = `list-${randomUUID()}`;
    for (let n = 0; n < 3; n += 1) await ok({ message: n === 0 ? 'ask' : 'show', context_id });
    const page = async (body: Wire): Promise<Wire> =>
      (await client.post('/agents/probe/tasks/list', { context_id, ...body })).body;
    const first = await page({ page_size: 2 });
    expect(first).toMatchObject({ agent_id: 'probe', status: 'completed', raw: { jsonrpc: '2.0' } });
    expect(first.output.tasks).toMatchObject([
      { agent_id: 'probe', status: 'completed', context_id },
      { status: 'completed' },
    ]);
    const second = await page({ page_size: 2, page_token: first.output.next_page_token });
    expect(second.output).toMatchObject({ tasks: [{ status: 'input-required' }], next_page_token: null });
    expect((await page({ status: 'input-required' })).output.tasks).toHaveLength(1);
    expect((await page({ status: 'running' })).output.tasks).toEqual([]);
  });

  it('subscribe: the envelope after each change, to the end', async () => {
    const { body } = await client.post('/agents/probe/invoke-async', { message: 'slow' });
    const { task_id, context_id } = await untilTask(body.receipt_id);
    const running = await client.post('/agents/probe/tasks/list', { context_id, status: 'running' });
    expect(running.body.output.tasks).toMatchObject([{ task_id, status: 'running' }]);
    const events = await collect(events_(`/agents/probe/tasks/${task_id}/subscribe`));
    for (const event of events) {
      expect(event).toMatchObject({ agent_id: 'probe', task_id, receipt_id: body.receipt_id, raw: {} });
    }
    expect(events.at(0)?.status).toBe('running');
    expect(events.at(-1)).toMatchObject({ status: 'completed', message: 'shown', output: {} });
    const again = await collect(events_(`/agents/probe/tasks/${task_id}/subscribe`));
    expect(again).toHaveLength(1);
  });

  async function* events_(path: string): AsyncGenerator<Wire> {
    const response = await fetch(`${product.url}/v1${path}`, { method: 'POST' });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    for (const block of (await response.text()).split('\n\n')) {
      if (block.startsWith('data: ')) yield JSON.parse(block.slice(6));
    }
  }

  it('a task made by the protocol is seen here, without a receipt', async () => {
    const { task } = await call(
      agentUrl(product.url, 'probe'),
      'SendMessage',
      { message: { role: 'ROLE_USER', messageId: randomUUID(), parts: [{ text: 'show' }] } },
      { version: '1.0' },
    );
    const { body } = await client.post(`/agents/probe/tasks/${task.id}/get`, {});
    expect(body).toMatchObject({ task_id: task.id, status: 'completed' });
    expect(body).not.toHaveProperty('receipt_id');
  });
});

describe('receipts', () => {
  it('get: all of it', async () => {
    const answer = await ok({ message: 'show', region: 'au', max_cost_units: 3 });
    const { receipt, output } = await client.receipt(answer.receipt_id);
    expect(receipt).toEqual({
      receipt_id: answer.receipt_id,
      agent_id: 'probe',
      provider_id: 'local',
      caller: 'local',
      invoke_mode: 'sync',
      status: 'succeeded',
      verification: 'not_required',
      request_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      result_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      cost_units: 0,
      policy: { decision: 'allow', risk_level: 'low', review_version: expect.stringMatching(/^sha256:/) },
      started_at: expect.stringMatching(/Z$/),
      completed_at: expect.stringMatching(/Z$/),
      task_id: answer.task_id,
      context_id: answer.context_id,
      sequence: expect.any(Number),
      previous: { receipt_id: expect.stringMatching(UUID), hash: expect.stringMatching(/^sha256:/) },
      signature: expect.stringMatching(/^[\w-]+\.\.[\w-]+$/),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(output).toEqual({
      task_id: answer.task_id,
      context_id: answer.context_id,
      status: 'completed',
      message: 'shown',
      output: answer.output,
    });
  });

  it.each([randomUUID(), 'not-a-uuid'])('unknown: 404 (%s)', async (id) => {
    expect(await client.get(`/receipts/${id}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'receipt_not_found' } },
    });
  });

  it('list: newest first, by page and by filter', async () => {
    const first = await ok({ message: 'show' });
    const second = await ok({ message: 'fail' });
    const { body } = await client.get('/receipts?limit=2');
    expect(body.receipts.map((each: Wire) => each.receipt_id)).toEqual([second.receipt_id, first.receipt_id]);
    const next = await client.get(`/receipts?limit=1&cursor=${body.next_cursor}`);
    expect(next.body.receipts[0].started_at <= body.receipts[1].started_at).toBe(true);
    const filtered = await client.get(
      '/receipts?agent_id=probe&provider_id=local&status=failed&verification=not_required&invoke_mode=sync&limit=1',
    );
    expect(filtered.body.receipts).toMatchObject([{ receipt_id: second.receipt_id }]);
    expect((await client.get('/receipts?agent_id=nobody')).body).toEqual({ receipts: [], next_cursor: null });
  });

  it.each(['limit=0', 'limit=x', 'status=done', 'cursor=x', 'agent=probe'])(
    'list with %s: 400',
    async (query) => {
      const { status, body } = await client.get(`/receipts?${query}`);
      expect({ status, message: body.error.message }).toEqual({
        status: 400,
        message: expect.stringMatching(new RegExp(`^${query.split('=')[0]}: `)),
      });
    },
  );

  it('a signed checkpoint of the chains', async () => {
    const { body } = await client.get('/receipts/checkpoint');
    expect(body).toMatchObject({
      chains: [{ provider_id: 'local', head: { sequence: expect.any(Number) } }],
      signature: expect.stringMatching(/^[\w-]+\.\.[\w-]+$/),
    });
  });

  it('a verdict by hand stands beside the receipt, outside its signature', async () => {
    const { receipt_id } = await ok({ message: 'show' });
    const before = (await client.receipt(receipt_id)).receipt;
    const verdict = { verification: 'failed', reason: 'the customer complains' };
    const { status, body } = await client.post(`/receipts/${receipt_id}/verify`, verdict);
    expect({ status, body }).toEqual({
      status: 200,
      body: { receipt_id, by: 'local', at: expect.any(String), ...verdict },
    });
    expect((await client.get(`/receipts/${receipt_id}/verifications`)).body).toEqual({
      verifications: [body],
    });
    expect((await client.receipt(receipt_id)).receipt).toEqual({ ...before, verification: 'failed' });
    expect((await client.post(`/receipts/${receipt_id}/verify`, { verification: 'maybe' })).status).toBe(400);
  });

  it('the verifier runs when it is told to', async () => {
    expect((await client.post('/verifier/run', {})).body).toEqual({
      verified: expect.any(Number),
      failed: 0,
      put_off: 0,
      problems: 0,
    });
  });
});
