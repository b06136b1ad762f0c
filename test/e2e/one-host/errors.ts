/** Every row of the README's table of errors that needs no callers: status, code, and a message that helps. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  agentUrl,
  call,
  olderMessage,
  post,
  userMessage,
  type Wire,
} from '../../support/rpc.ts';
import { MAX_BODY, product } from './host.ts';

const V1 = { 'A2A-Version': '1.0' };
const V03 = {};
const url = (code: string) => agentUrl(product.url, code);

// What tells of the inside: frames of a stack, paths of this machine, names of what it stands on.
const INSIDE =
  /\bat \S+ \(|\n\s+at |node_modules|\/work\/|\/home\/|\/tmp\/|\.[jt]s:\d|prisma|postgres|select |insert /i;

/** An answer that is an error and shows nothing of the inside. */
function checked(answer: Answer): Answer {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(JSON.stringify(answer.body)).not.toMatch(INSIDE);
  return answer;
}

interface Refusal {
  status: number;
  code: number;
  message: string;
}

const refusalOf = ({ status, body }: Answer): Refusal => ({ status, ...body.error });

/** The refusal of one request; its id comes back. */
async function refused(code: string, method: string, params: Wire, headers: Wire): Promise<Refusal> {
  const id = randomUUID();
  const answer = checked(await post(url(code), { jsonrpc: '2.0', id, method, params }, headers));
  expect(answer.body).toMatchObject({ jsonrpc: '2.0', id });
  expect(answer.body.result).toBeUndefined();
  return refusalOf(answer);
}

const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];
const sent = async (code: string, message: Wire, configuration: Wire = {}) =>
  (await call(url(code), 'SendMessage', { message, configuration }, { version: '1.0' })).task;
const ended = () => sent('echo', userMessage('x'));
const waiting = () => sent('expense-approval', userMessage(chair));
const busy = () =>
  sent('document-digest', userMessage('# A\nb', { metadata: { pauseMs: 60_000 } }), {
    returnImmediately: true,
  });

describe('an agent that is not there', () => {
  it.each(['', '/stream', '/'])(
    'POST /{code}%s answers 404 with -32000 and a plain message beside',
    async (tail) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'message/send', params: {} };
      const answer = checked(await post(`${url('no-such-agent')}${tail}`, body));
      expect(refusalOf(answer)).toMatchObject({ status: 404, code: -32000 });
      expect(answer.body).toMatchObject({ status: 404, message: expect.stringContaining('no-such-agent') });
    },
  );

  it('has no card: 404 { message, status }', async () => {
    for (const name of ['agent.json', 'agent-card.json']) {
      const answer = await fetch(`${url('no-such-agent')}/.well-known/${name}`);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ status: 404, message: expect.any(String) });
    }
  });

  it('any other address answers 404 in JSON', async () => {
    for (const path of ['/nothing', '/orchestrator/a2a/v1', '/orchestrator/a2a/v1/echo/nothing/here']) {
      const answer = checked(await post(`${product.url}${path}`, {}));
      expect(answer.body).toMatchObject({ status: 404, message: expect.any(String) });
    }
  });
});

describe('a body that is no JSON-RPC request', () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/send', params: {} });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonish'])(
    'Content-Type %s is 415 with -32005',
    async (type) => {
      const answer = checked(await post(url('echo'), body, { 'content-type': type }));
      expect(refusalOf(answer)).toMatchObject({ status: 415, code: -32005 });
    },
  );

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/a2a+json'])(
    'Content-Type %s is taken',
    async (type) => {
      const answer = await post(url('echo'), body, { 'content-type': type });
      expect(refusalOf(answer)).toMatchObject({ status: 200, code: -32602 });
    },
  );

  it.each(['{', '', 'hello', '{"a":1}}', '[1,', `${body},`])(
    '%j is not JSON: 400 with -32700',
    async (raw) => {
      const answer = checked(await post(url('echo'), raw));
      expect(refusalOf(answer)).toMatchObject({ status: 400, code: -32700 });
      expect(answer.body.id).toBeNull();
    },
  );

  it.each([
    ['{}', {}],
    ['null', null],
    ['a number', 42],
    ['text', '"hello"'],
    ['another jsonrpc', { jsonrpc: '1.0', id: 7, method: 'message/send' }],
    ['no jsonrpc', { id: 7, method: 'message/send' }],
    ['no method', { jsonrpc: '2.0', id: 7 }],
    ['a method that is no text', { jsonrpc: '2.0', id: 7, method: 1 }],
    ['params that are text', { jsonrpc: '2.0', id: 7, method: 'message/send', params: 'x' }],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'message/send', params: {} }],
  ])('%s is no request: 400 with -32600', async (_, raw) => {
    const answer = checked(await post(url('echo'), raw === null ? 'null' : raw));
    expect(refusalOf(answer)).toMatchObject({ status: 400, code: -32600 });
    expect([7, null]).toContain(answer.body.id);
  });

  it('is read no further than MAX_BODY: 413 in JSON', async () => {
    const large = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { x: 'x'.repeat(MAX_BODY) } });
    const answer = checked(await post(url('echo'), large));
    expect(refusalOf(answer)).toMatchObject({ status: 413, code: -32600 });
  });

  it('is refused by its Content-Length alone, before it comes', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': String(10 * MAX_BODY) };
    const { status, body: text } = await raw(new URL(url('echo')), { method: 'POST', headers });
    expect(status).toBe(413);
    expect(JSON.parse(text).error.code).toBe(-32600);
  });

  it('is refused at the limit when its length is not told', async () => {
    const chunk = 'x'.repeat(64 * 1024);
    const { status, body: text } = await raw(
      new URL(url('echo')),
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      Array.from({ length: Math.ceil(MAX_BODY / chunk.length) + 8 }, () => chunk),
    );
    expect(status).toBe(413);
    expect(JSON.parse(text).error.code).toBe(-32600);
  });

  it('elsewhere may have 1 MB: 413 { message, status }', async () => {
    const body = { query: 'x'.repeat(1024 * 1024) };
    const answer = checked(await post(`${product.url}/orchestrator/a2a/v1/agents/search`, body));
    expect(answer.body).toMatchObject({ status: 413, message: expect.any(String) });
  });

  it('a search that makes no sense is 400 and names the field', async () => {
    for (const [body, field] of [
      [{ top: 0 }, 'top'],
      [{ skip: -1 }, 'skip'],
      [{ top: 101 }, 'top'],
      [{ query: 1 }, 'query'],
    ] as const) {
      const answer = checked(await post(`${product.url}/orchestrator/a2a/v1/agents/search`, body));
      expect(answer.body).toMatchObject({ status: 400, message: expect.stringContaining(field) });
    }
  });
});

/** A request as fetch does not make them; a part of its body at a time. */
function raw(
  to: URL,
  options: RequestOptions,
  chunks: string[] = [],
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(to, options, async (response) => {
      let body = '';
      for await (const part of response.setEncoding('utf8')) body += part;
      request.destroy();
      resolve({ status: response.statusCode ?? 0, body });
    });
    // Once it is refused the rest has nowhere to go.
    request.on('error', reject);
    request.flushHeaders();
    for (const chunk of chunks) request.write(chunk);
    if (options.headers === undefined || !('content-length' in options.headers)) request.end();
  });
}

describe('unknown methods: -32601', () => {
  it.each([
    ['tasks/unknown', V03],
    ['toString', V03],
    ['__proto__', V03],
    ['a2a.sendMessage', V1],
    ['message/send', V1],
    ['tasks/send', V1],
    ['SendMessage', { 'A2A-Version': '0.3' }],
  ])('%s with %j', async (method, headers) => {
    const { status, code, message } = await refused('echo', method, {}, headers);
    expect({ status, code }).toEqual({ status: 200, code: -32601 });
    expect(message).toContain(method);
  });
});

describe('bad params: -32602 that names the field', () => {
  const v1 = (message: Wire) => ['SendMessage', { message }, V1] as const;
  const v03 = (message: Wire) => ['message/send', { message }, V03] as const;
  const without = (message: Wire, name: string) => ({ ...message, [name]: undefined });

  it.each([
    ['message', 'SendMessage', {}, V1],
    ['message', 'message/send', {}, V03],
    ['message', 'tasks/send', { id: 'x' }, V03],
    ['message', 'SendStreamingMessage', {}, V1],
    ['message', 'message/stream', {}, V03],
    ['messageId', ...v1(without(userMessage('x'), 'messageId'))],
    ['messageId', ...v03(without(olderMessage('x'), 'messageId'))],
    ['messageId', ...v1(userMessage('x', { messageId: 'x'.repeat(300) }))],
    ['messageId', ...v1(userMessage('x', { messageId: 'a\u0000b' }))],
    ['role', ...v1(userMessage('x', { role: 'ROLE_AGENT' }))],
    ['role', ...v03(olderMessage('x', { role: 'agent' }))],
    ['parts', ...v1(userMessage([]))],
    ['parts', ...v03(olderMessage([]))],
    ['parts', ...v1(without(userMessage('x'), 'parts'))],
    ['parts', ...v03(without(olderMessage('x'), 'parts'))],
    ['parts', ...v1({ ...userMessage('x'), parts: 'x' })],
    ['parts', ...v03({ ...olderMessage('x'), parts: 'x' })],
    ['parts', ...v1(userMessage([null]))],
    ['parts', ...v03(olderMessage([null]))],
    ['parts', ...v03(olderMessage([{ kind: 'odd', odd: 1 }]))],
    ['parts', ...v03(olderMessage([{ kind: 'text' }]))],
    ['parts', ...v03(olderMessage([{ kind: 'file', file: {} }]))],
    ['parts[1]', ...v1(userMessage([{ text: 'x' }, {}]))],
    ['parts[0]', ...v1(userMessage([{ text: 'x', data: 1 }]))],
    ['contextId', ...v1(userMessage('x', { contextId: 'x'.repeat(300) }))],
    ['id', 'GetTask', {}, V1],
    ['id', 'tasks/get', {}, V03],
    ['id', 'tasks/get', { id: 7 }, V03],
    ['id', 'CancelTask', {}, V1],
    ['id', 'tasks/cancel', {}, V03],
    ['id', 'SubscribeToTask', {}, V1],
    ['id', 'tasks/resubscribe', {}, V03],
    ['historyLength', 'GetTask', { id: randomUUID(), historyLength: 'some' }, V1],
    ['historyLength', 'SendMessage', { message: userMessage('x'), configuration: { historyLength: -1 } }, V1],
    [
      'historyLength',
      'message/send',
      { message: olderMessage('x'), configuration: { historyLength: -1 } },
      V03,
    ],
    ['pageSize', 'ListTasks', { pageSize: 0 }, V1],
    ['pageSize', 'ListTasks', { pageSize: 101 }, V1],
    ['pageToken', 'ListTasks', { pageToken: 'nonsense' }, V1],
    ['statusTimestampAfter', 'ListTasks', { statusTimestampAfter: 'yesterday' }, V1],
  ])('%s: %s %j', async (field, method, params, headers) => {
    const { status, code, message } = await refused('echo', method, params, headers);
    expect({ status, code }).toEqual({ status: 200, code: -32602 });
    expect(message).toContain(field);
  });

  it.each(['GetTask', 'tasks/get'])('historyLength: a negative one in %s', async (method) => {
    const { id } = await ended();
    const headers = method === 'GetTask' ? V1 : V03;
    const { code, message } = await refused('echo', method, { id, historyLength: -1 }, headers);
    expect({ code, message }).toEqual({ code: -32602, message: expect.stringContaining('historyLength') });
  });

  it.each([
    ['amount', { amount: -1, currency: 'EUR', purpose: 'x' }],
    ['currency', { amount: 1, currency: 'euros', purpose: 'x' }],
    ['purpose', { amount: 1, currency: 'EUR' }],
  ])('data against the agent’s schema: %s', async (field, data) => {
    const parts = [{ text: 'please' }, { data }];
    const v1 = await refused('expense-approval', 'SendMessage', { message: userMessage(parts) }, V1);
    expect(v1).toMatchObject({ code: -32602, message: expect.stringContaining(`parts[1].data.${field}`) });
    const older = [
      { kind: 'text', text: 'please' },
      { kind: 'data', data },
    ];
    const v03 = await refused('expense-approval', 'message/send', { message: olderMessage(older) }, V03);
    expect(v03).toMatchObject({ code: -32602, message: expect.stringContaining(`parts[1].data.${field}`) });
  });

  it('begins nothing', async () => {
    const contextId = randomUUID();
    const params = { message: userMessage('x', { contextId }), configuration: { historyLength: -1 } };
    expect((await refused('echo', 'SendMessage', params, V1)).code).toBe(-32602);
    const list = await call(url('echo'), 'ListTasks', { contextId }, { version: '1.0' });
    expect(list.totalSize).toBe(0);
  });

  it('a message larger than a workflow takes', async () => {
    const { code, message } = await refused(
      'echo',
      'SendMessage',
      { message: userMessage('x'.repeat(1_600_000)) },
      V1,
    );
    expect({ code, message }).toEqual({ code: -32602, message: expect.stringMatching(/^message: .*bytes/) });
  });

  it.each(['SendMessage', 'message/send'])('a contextId that is not the task’s, in %s', async (method) => {
    const { id } = await waiting();
    const named = { taskId: id, contextId: randomUUID() };
    const message = method === 'SendMessage' ? userMessage('yes', named) : olderMessage('yes', named);
    const headers = method === 'SendMessage' ? V1 : V03;
    const refusal = await refused('expense-approval', method, { message }, headers);
    expect(refusal).toMatchObject({
      status: 200,
      code: -32602,
      message: expect.stringContaining('contextId'),
    });
  });
});

describe('no such task: -32001', () => {
  const ask = async (id: string) => {
    const answers = await Promise.all([
      refused('order-refund', 'GetTask', { id }, V1),
      refused('order-refund', 'CancelTask', { id }, V1),
      refused('order-refund', 'SubscribeToTask', { id }, V1),
      refused('order-refund', 'SendMessage', { message: userMessage('x', { taskId: id }) }, V1),
      refused('order-refund', 'SendStreamingMessage', { message: userMessage('x', { taskId: id }) }, V1),
      refused('order-refund', 'tasks/get', { id }, V03),
      refused('order-refund', 'tasks/cancel', { id }, V03),
      refused('order-refund', 'tasks/resubscribe', { id }, V03),
      refused('order-refund', 'message/send', { message: olderMessage('x', { taskId: id }) }, V03),
    ]);
    for (const { status, code } of answers) expect({ status, code }).toEqual({ status: 200, code: -32001 });
    return answers;
  };

  it('one answer for one that never existed and for another agent’s', async () => {
    const never = await ask(randomUUID());
    expect(await ask((await waiting()).id)).toEqual(never);
    expect(await ask('no uuid at all')).toEqual(never);
  });
});

describe('what a task’s state forbids', () => {
  it('to cancel one that has ended: -32002', async () => {
    const { id } = await ended();
    expect(await refused('echo', 'CancelTask', { id }, V1)).toMatchObject({ status: 200, code: -32002 });
    expect(await refused('echo', 'tasks/cancel', { id }, V03)).toMatchObject({ status: 200, code: -32002 });
  });

  it.each([
    ['has ended', 'echo', ended, /completed/],
    ['is busy', 'document-digest', busy, /busy/],
  ])('a message to one that %s: -32004', async (_, code, begin, why) => {
    const { id } = await begin();
    const v1 = await refused(code, 'SendMessage', { message: userMessage('x', { taskId: id }) }, V1);
    expect(v1).toMatchObject({ status: 200, code: -32004, message: expect.stringMatching(why) });
    const v03 = await refused(code, 'message/stream', { message: olderMessage('x', { taskId: id }) }, V03);
    expect(v03).toMatchObject({ status: 200, code: -32004, message: expect.stringMatching(why) });
    const after = await call(url(code), 'GetTask', { id }, { version: '1.0' });
    expect(JSON.stringify(after.history)).not.toContain('"x"}],"taskId"');
    expect(after.history.filter(({ role }: Wire) => role === 'ROLE_USER')).toHaveLength(1);
  });

  it('a refused message changes nothing: the same id may be sent again where it fits', async () => {
    const { id } = await ended();
    const message = userMessage('x', { taskId: id });
    expect((await refused('echo', 'SendMessage', { message }, V1)).code).toBe(-32004);
    const { taskId: _, ...alone } = message;
    expect((await sent('echo', alone)).status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('an answer that names a question the task no longer asks: -32004, and it goes on waiting', async () => {
    const { id } = await waiting();
    const message = userMessage('yes', { taskId: id, metadata: { inReplyTo: randomUUID() } });
    expect((await refused('expense-approval', 'SendMessage', { message }, V1)).code).toBe(-32004);
    const task = await call(url('expense-approval'), 'GetTask', { id }, { version: '1.0' });
    expect(task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect(task.history).toHaveLength(2);
  });

  it('to subscribe in v1.0 to one that has ended: -32004, and no stream', async () => {
    const { id } = await ended();
    expect(await refused('echo', 'SubscribeToTask', { id }, V1)).toMatchObject({ status: 200, code: -32004 });
  });
});

describe('what this host does not do', () => {
  it('media types that the agent does not take: -32005 that names the part', async () => {
    const parts = [{ text: 'x' }, { raw: 'AAAA', mediaType: 'image/png' }];
    const v1 = await refused('expense-approval', 'SendMessage', { message: userMessage(parts) }, V1);
    expect(v1).toMatchObject({ status: 200, code: -32005, message: expect.stringContaining('parts[1]') });
    const older = [{ kind: 'file', file: { bytes: 'AAAA', mimeType: 'image/png' } }];
    const v03 = await refused('expense-approval', 'message/send', { message: olderMessage(older) }, V03);
    expect(v03).toMatchObject({ status: 200, code: -32005, message: expect.stringContaining('parts[0]') });
  });

  it('an extended card: -32007', async () => {
    expect((await refused('echo', 'GetExtendedAgentCard', {}, V1)).code).toBe(-32007);
    expect((await refused('echo', 'agent/getAuthenticatedExtendedCard', {}, V03)).code).toBe(-32007);
  });

  it.each(['2.0', '0.2', '0.2.5', '1.1', '1', 'latest'])('version %s: -32009', async (version) => {
    const refusal = await refused('echo', 'GetTask', { id: 'x' }, { 'A2A-Version': version });
    expect(refusal).toMatchObject({ status: 200, code: -32009, message: expect.stringContaining(version) });
  });
});

describe('batches (JSON-RPC 2.0 §6)', () => {
  const get = (id: unknown) => ({
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    method: 'tasks/get',
    params: { id: 'x' },
  });
  const send = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'message/send',
    params: { message: olderMessage('x') },
  });

  it('answers each request that has an id, and notifications not at all', async () => {
    const stream = {
      jsonrpc: '2.0',
      id: 5,
      method: 'message/stream',
      params: { message: olderMessage('x') },
    };
    const { status, body } = await post(url('echo'), [
      send(1),
      get(undefined),
      get('two'),
      { jsonrpc: '2.0', id: 3, method: 'nothing' },
      17,
      stream,
      { ...stream, id: 6, method: 'tasks/resubscribe' },
    ]);
    expect(status).toBe(200);
    const byId = new Map(
      body.map((answer: Wire) => [answer.id, answer.error?.code ?? answer.result.status.state]),
    );
    expect(Object.fromEntries(byId)).toEqual({
      1: 'completed',
      two: -32001,
      3: -32601,
      null: -32600,
      5: -32600,
      6: -32600,
    });
    expect(body).toHaveLength(6);
  });

  it('may be of v1.0', async () => {
    const request = { ...send(1), method: 'SendMessage', params: { message: userMessage('x') } };
    const { body } = await post(url('echo'), [request], V1);
    expect(body).toMatchObject([{ id: 1, result: { task: { status: { state: 'TASK_STATE_COMPLETED' } } } }]);
  });

  it('of notifications only: 204 and nothing', async () => {
    const answer = await post(url('echo'), [get(undefined), get(undefined)]);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 204, body: undefined });
  });

  it('that is empty: one -32600, 400', async () => {
    const answer = checked(await post(url('echo'), []));
    expect(refusalOf(answer)).toMatchObject({ status: 400, code: -32600 });
    expect(answer.body.id).toBeNull();
  });

  it('of nonsense: one -32600 each', async () => {
    const { status, body } = await post(url('echo'), [1, {}, 'x']);
    expect({ status, codes: body.map(({ error }: Wire) => error.code) }).toEqual({
      status: 200,
      codes: [-32600, -32600, -32600],
    });
  });
});

describe('requests from elsewhere, while nobody needs credentials (WIRE section 4)', () => {
  const get = (headers: Record<string, string>) =>
    raw(new URL(`${url('echo')}/.well-known/agent.json`), { headers });

  it.each([
    ['Host', { host: 'evil.example' }],
    ['Host', { host: 'evil.example:8042' }],
    ['Host', { host: '10.0.0.1' }],
    ['Origin', { origin: 'https://evil.example' }],
    ['Origin', { origin: 'http://localhost.evil.example' }],
    ['Origin', { origin: 'null' }],
    ['Origin', { origin: 'http://127.0.0.1:1' }],
  ])('%s: %j is refused', async (_, headers) => {
    const { status, body } = await get(headers as Record<string, string>);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ status: 403, message: expect.any(String) });
  });

  it('the host’s own names are served', async () => {
    const { port } = new URL(product.url);
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      const own = `${name}:${port}`;
      expect((await get({ host: own, origin: `http://${own}` })).status).toBe(200);
    }
  });
});
