/** The invoke facade over HTTP: every field, state and error of its document (WIRE of the facade). */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentUuid } from '../../src/agents/agent-uuid.ts';
import { InvokeClient } from '../../src/client/index.ts';
import { GatewayClient } from '../support/gateway.ts';
import { asking, InvokeCaller, newSession } from '../support/invoke.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { type Answer, agentUrl, call, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const data = await temporaryDataDir();
let product: Product;
let client: InvokeCaller;
let gateway: GatewayClient;
let webhook: Webhook;

beforeAll(async () => {
  webhook = await startWebhook();
  product = await startProduct({ DATA_DIR: data.path, WORKFLOWS, SEND_WAIT: '2', PUSH_ALLOW: '127.0.0.1' });
  client = new InvokeCaller(product.url);
  gateway = new GatewayClient(product.url);
});

afterAll(async () => {
  await killAllProducts();
  await webhook.close();
  await data.remove();
});

const ask = (parts: string | Wire[], more?: Wire) => client.invoke(asking('caller', parts, more));
const textsOf = ({ messages }: Wire) => messages.map(({ parts }: Wire) => parts[0].text);

describe('a call', () => {
  it('answers with the task, and the request’s id when there is one', async () => {
    const { status, body } = await client.send(asking('caller', 'show'));
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        jsonrpc: '2.0',
        id: 1,
        result: {
          task: {
            id: expect.stringMatching(UUID),
            agentId: 'caller',
            sessionId: expect.stringMatching(UUID),
            status: 'COMPLETED',
            artifacts: [
              {
                artifactId: expect.any(String),
                name: 'seen',
                parts: [{ data: { parts: [{ text: 'show' }], metadata: {} } }],
              },
            ],
            messages: [
              { messageId: expect.stringMatching(UUID), role: 'user', parts: [{ text: 'show' }] },
              { messageId: expect.any(String), role: 'agent', parts: [{ text: 'shown' }] },
            ],
            createdAt: expect.stringMatching(/Z$/),
            updatedAt: expect.stringMatching(/Z$/),
          },
        },
      },
    });
    const { body: without } = await client.post({
      jsonrpc: '2.0',
      method: 'a2a.sendMessage',
      params: asking('caller', 'show'),
    });
    expect(without).toEqual({ jsonrpc: '2.0', result: expect.anything() });
    const named = await client.post({
      jsonrpc: '2.0',
      id: 'seven',
      method: 'a2a.sendMessage',
      params: asking('caller', 'show'),
    });
    expect(named.body.id).toBe('seven');
  });

  it('names the agent by slug or UUID', async () => {
    for (const agentId of ['caller', agentUuid('caller'), agentUuid('caller').toUpperCase()]) {
      expect(await client.invoke(asking(agentId, 'show'))).toMatchObject({ agentId: 'caller' });
    }
  });

  it.each([
    ['text', { text: 'show' }],
    ['data', { data: { amount: 7 } }],
    ['data that is no object', [{ text: 'x' }, { data: { amount: 1 } }, { data: [1, 'two', null] }]],
    ['url', { url: 'https://example.com/a.pdf', mediaType: 'application/pdf' }],
    ['raw', { raw: Buffer.from('bytes').toString('base64'), mediaType: 'image/png', filename: 'a.png' }],
    ['metadata', { text: 'show', metadata: { from: 'here' } }],
    ['null beside', { text: 'show', data: null, url: null, raw: null, metadata: null, filename: null }],
  ])('hands on a part: %s', async (_name, given) => {
    const parts = Array.isArray(given) ? given : [given];
    const kept = parts.map((part) => Object.fromEntries(Object.entries(part).filter(([, v]) => v !== null)));
    const task = await ask(parts);
    expect(task.artifacts[0].parts[0].data.parts).toEqual(kept);
    expect(task.messages[0].parts).toEqual(kept);
  });

  it('shows a large part by its address', async () => {
    const bytes = Buffer.alloc(100_000, 'x');
    const task = await ask([
      { text: 'slow file' },
      { raw: bytes.toString('base64'), filename: 'x.bin', mediaType: 'application/octet-stream' },
    ]);
    const [, part] = task.messages[0].parts;
    expect(part).toEqual({
      url: expect.stringMatching(/^http/),
      filename: 'x.bin',
      mediaType: 'application/octet-stream',
    });
    expect(Buffer.from(await (await fetch(part.url)).arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('skillIds and metadata reach the agent', async () => {
    const params = asking('caller', 'show', { skillIds: ['show', 'ask'], metadata: { of: 'the task' } });
    params.message.metadata = { of: 'the message' };
    const task = await client.invoke(params);
    expect(task.artifacts[0].parts[0].data.metadata).toEqual({
      of: 'the message',
      skillIds: ['show', 'ask'],
    });
  });

  it('the same messageId is the same call', async () => {
    const params = asking('caller', 'show');
    params.message.messageId = randomUUID();
    const { id } = await client.invoke(params);
    expect((await client.invoke(params)).id).toBe(id);
    params.message.parts = [{ text: 'other' }];
    expect((await client.send(params)).body.error).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^message\.messageId: /),
    });
  });
});

describe('states', () => {
  it.each([
    ['show', 'COMPLETED', 'shown', 'succeeded'],
    ['fail', 'FAILED', 'it broke', 'failed'],
    ['reject', 'REJECTED', 'not wanted', 'failed'],
    ['ask', 'INPUT_REQUIRED', 'Which one?', 'succeeded'],
    ['authorize', 'AUTH_REQUIRED', 'Log in first', 'succeeded'],
  ])('%s: %s', async (text, status, said, receipt) => {
    const task = await ask(text);
    expect(task.status).toBe(status);
    expect(textsOf(task).at(-1)).toBe(said);
    expect((await client.get(`/tasks/${task.id}`)).body).toEqual(task);
    expect((await receiptOf(task)).status).toBe(receipt);
  });

  it('WORKING past SEND_WAIT; its receipt follows the task to its end', async () => {
    const task = await ask('slow');
    expect(task.status).toBe('WORKING');
    expect(textsOf(task)).toEqual(['slow', 'at work']);
    const done = await client.reached(task.id, 'COMPLETED');
    expect(textsOf(done)).toEqual(['slow', 'shown']);
    expect((await receiptOf(task)).status).toBe('succeeded');
  });

  it('SUBMITTED or WORKING at once: returnImmediately', async () => {
    const task = await ask('show', { configuration: { returnImmediately: true } });
    expect(['SUBMITTED', 'WORKING']).toContain(task.status);
    await client.reached(task.id, 'COMPLETED');
    expect((await receiptOf(task)).status).toBe('succeeded');
  });

  it('the same for an agent that is declared longRunning, unless the call says it waits', async () => {
    const task = await client.invoke(asking('longhaul', 'go'));
    expect(['SUBMITTED', 'WORKING']).toContain(task.status);
    const waited = asking('longhaul', 'go', { configuration: { returnImmediately: false } });
    expect((await client.invoke(waited)).status).toBe('COMPLETED');
  });

  it('CANCELED', async () => {
    const { id } = await ask('wait', { configuration: { returnImmediately: true } });
    const { status, body } = await client.cancel(id);
    expect({ status, state: body.status }).toEqual({ status: 200, state: 'CANCELED' });
    expect(await client.cancel(id)).toMatchObject({ status: 409, body: { status: 409 } });
  });

  /** The receipt of the call that began a task, once it is final. */
  const receiptOf = (task: Wire): Promise<Wire> =>
    until('the receipt is final', async () => {
      const { body } = await gateway.get('/receipts?limit=20');
      const found = body.receipts.find((each: Wire) => each.task_id === task.id);
      return found === undefined || found.status === 'running' ? undefined : found;
    });
});

describe('policy', () => {
  it.each([
    [{}, 'region_not_allowed', /^region: /],
    [{ region: 'nz', maxCostUnits: 2 }, 'cost_limit_exceeded', /^maxCostUnits: /],
    [{ region: 'NZ', maxCostUnits: 3 }, 'approval_required', /^confirmRisky: /],
  ])('%j: a task that was rejected, with a receipt', async (terms, code, message) => {
    const sessionId = newSession();
    const task = await client.invoke(asking('guarded', 'do it', { ...terms, sessionId }));
    expect(task).toMatchObject({ agentId: 'guarded', sessionId, status: 'REJECTED', artifacts: [] });
    expect(textsOf(task)).toEqual(['do it', expect.stringMatching(message)]);
    expect((await client.get(`/tasks/${task.id}`)).body).toEqual(task);
    const { body } = await gateway.get('/receipts?agent_id=guarded&limit=1');
    expect(body.receipts[0]).toMatchObject({
      status: 'rejected',
      task_id: task.id,
      context_id: sessionId,
      policy: { decision: 'refuse', code },
    });
    const { task: seen } = await call(
      agentUrl(product.url, 'guarded'),
      'GetTask',
      { id: task.id },
      { version: '1.0' },
    ).then((found) => ({ task: found }));
    expect(seen.status.state).toBe('TASK_STATE_REJECTED');
  });

  it('what it asks for is done', async () => {
    const terms = { region: 'NZ', maxCostUnits: 3, confirmRisky: true };
    expect(await client.invoke(asking('guarded', 'do it', terms))).toMatchObject({ status: 'COMPLETED' });
  });

  it('a blocked agent: rejected, and its tasks are not shown', async () => {
    const { id, sessionId } = await client.invoke(asking('longhaul', 'go'));
    const listed = async () => (await client.get(`/tasks?sessionId=${sessionId}`)).body.tasks.length;
    expect(await listed()).toBe(1);
    const answers = (status: number) =>
      until(`the task is answered with ${status}`, async () =>
        (await client.get(`/tasks/${id}`)).status === status ? true : undefined,
      );
    await gateway.post('/admin/agents/longhaul/block', { reason: 'test' });
    await answers(403);
    expect(await listed()).toBe(0);
    expect((await client.cancel(id)).status).toBe(403);
    expect(await client.invoke(asking('longhaul', 'go'))).toMatchObject({ status: 'REJECTED' });
    await gateway.post('/admin/agents/longhaul/unblock', { reason: 'test' });
    await answers(200);
    expect(await listed()).toBe(1);
  });

  it('a refusal is told to its webhook, once', async () => {
    const url = `${webhook.url}/refused`;
    const { id } = await client.invoke(
      asking('guarded', 'do it', { configuration: { taskPushNotificationConfig: { url } } }),
    );
    const { body } = await until('it is told', () =>
      webhook.taken.find(({ path }) => path.endsWith('/refused')),
    );
    expect(body.task).toMatchObject({ id, agentId: 'guarded', status: 'REJECTED' });
    expect(textsOf(body.task)).toEqual([expect.stringMatching(/^region: /)]);
  });

  it('an answer that it refuses is a task of the same session; the one that asks goes on waiting', async () => {
    const terms = { region: 'NZ', maxCostUnits: 3, confirmRisky: true };
    const asked = await client.invoke(asking('guarded', 'ask', terms));
    expect(asked.status).toBe('INPUT_REQUIRED');
    const { id: taskId, sessionId } = asked;
    const refused = await client.invoke(asking('guarded', 'yes', { taskId }));
    expect(refused).toMatchObject({ status: 'REJECTED', sessionId });
    expect(refused.id).not.toBe(taskId);
    const { body } = await client.get(`/tasks?sessionId=${sessionId}`);
    expect(body.tasks.map(({ id }: Wire) => id)).toEqual([refused.id, taskId]);
    expect(await client.invoke(asking('guarded', 'yes', { ...terms, sessionId }))).toMatchObject({
      id: taskId,
      status: 'COMPLETED',
    });
  });
});

describe('sessions', () => {
  it('group tasks; the one that waits is gone on with', async () => {
    const sessionId = newSession();
    const first = await ask('show', { sessionId });
    const asked = await ask('ask', { sessionId });
    expect([first.sessionId, asked.sessionId]).toEqual([sessionId, sessionId]);
    const answered = await ask('the red one', { sessionId });
    expect(answered).toMatchObject({ id: asked.id, status: 'COMPLETED' });
    expect(textsOf(answered)).toEqual(['ask', 'Which one?', 'the red one', 'It is the red one']);
    expect((await ask('show', { sessionId })).id).not.toBe(asked.id);
  });

  it('taskId says which of several that wait', async () => {
    const sessionId = newSession();
    const asked = await ask('ask', { sessionId });
    const other = await client.invoke(asking('caller', 'show', { sessionId: newSession() }));
    expect(other.id).not.toBe(asked.id);
    // By the protocol a context may hold several tasks that wait.
    await call(
      agentUrl(product.url, 'caller'),
      'SendMessage',
      {
        message: {
          role: 'ROLE_USER',
          messageId: randomUUID(),
          contextId: sessionId,
          parts: [{ text: 'authorize' }],
        },
      },
      { version: '1.0' },
    );
    expect((await client.send(asking('caller', 'x', { sessionId }))).body.error).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^taskId: /),
    });
    const answered = await ask('blue', { sessionId, taskId: asked.id });
    expect(answered).toMatchObject({ id: asked.id, status: 'COMPLETED' });
    expect(await ask('in', { sessionId })).toMatchObject({ status: 'COMPLETED', sessionId });
  });

  it('of another agent are its own', async () => {
    const sessionId = newSession();
    const asked = await ask('ask', { sessionId });
    const other = await client.invoke(asking('code-reviewer', 'x', { sessionId }));
    expect(other.id).not.toBe(asked.id);
  });
});

describe('configuration', () => {
  it('acceptedOutputModes filters and converts what comes back', async () => {
    const both = async (acceptedOutputModes: string[]): Promise<Wire> => {
      const task = await ask('both', { configuration: { acceptedOutputModes } });
      return task.artifacts.map(({ parts }: Wire) => parts[0]);
    };
    const words = { text: 'only words', mediaType: 'text/markdown' };
    const numbers = { data: { one: 1 } };
    expect(await both(['text/*', 'application/json'])).toEqual([words, numbers]);
    expect(await both(['*/*'])).toEqual([words, numbers]);
    expect(await both([])).toEqual([words, numbers]);
    expect(await both(['text/plain'])).toEqual([{ text: 'only words' }, { text: '{"one":1}' }]);
    expect(await both(['application/json', 'image/png'])).toEqual([{ data: 'only words' }, numbers]);
  });

  it('acceptedOutputModes binds the task wherever it is shown, until another call of it names others', async () => {
    const sessionId = newSession();
    const shown = ({ artifacts }: Wire) => artifacts.map(({ parts }: Wire) => parts[0]);
    const asText = [{ text: 'only words' }, { text: '{"one":1}' }];
    const asGiven = [{ text: 'only words', mediaType: 'text/markdown' }, { data: { one: 1 } }];
    const modes = (...acceptedOutputModes: string[]) => ({ configuration: { acceptedOutputModes } });
    const url = `${webhook.url}/modes`;
    const asked = await ask('both, twice asked', {
      sessionId,
      configuration: { acceptedOutputModes: ['text/plain'], taskPushNotificationConfig: { url } },
    });
    const { id } = asked;
    const everywhere = async () => {
      const stream = new AbortController();
      const events = new InvokeClient({ url: product.url }).watch(id, { signal: stream.signal });
      const { value: now } = await events.next();
      stream.abort();
      const [listed] = (await client.get(`/tasks?sessionId=${sessionId}`)).body.tasks;
      return [(await client.get(`/tasks/${id}`)).body, listed, now].map(shown);
    };
    const told = (status: string) =>
      until('the webhook is told', () =>
        webhook.taken.find(({ path, body }) => path.endsWith('/modes') && body.task.status === status),
      );
    expect(shown(asked)).toEqual(asText);
    expect(await everywhere()).toEqual([asText, asText, asText]);
    expect(shown((await told('INPUT_REQUIRED')).body.task)).toEqual(asText);
    // A call that names none leaves them as they are.
    expect(shown(await ask('yes', { sessionId }))).toEqual(asText);
    expect(await everywhere()).toEqual([asText, asText, asText]);
    // One that another surface shows is as it is.
    const raw = await call(agentUrl(product.url, 'caller'), 'GetTask', { id }, { version: '1.0' });
    expect(shown(raw)).toEqual([
      expect.objectContaining(asGiven[0] as Wire),
      expect.objectContaining(asGiven[1] as Wire),
    ]);
    expect(shown(await ask('yes', { sessionId, ...modes('*/*') }))).toEqual(asGiven);
    expect(await everywhere()).toEqual([asGiven, asGiven, asGiven]);
    expect(shown((await told('COMPLETED')).body.task)).toEqual(asGiven);
  });

  it('acceptedOutputModes leaves questions and reasons readable', async () => {
    const configuration = { acceptedOutputModes: ['image/png'] };
    const picture = asking('code-reviewer', 'x', { configuration });
    expect(textsOf(await client.invoke(picture)).at(-1)).toEqual(expect.any(String));
  });

  it('each call of a task has a webhook of its own', async () => {
    const sessionId = newSession();
    const hook = (name: string) => ({
      sessionId,
      configuration: { taskPushNotificationConfig: { url: `${webhook.url}/${name}` } },
    });
    await ask('ask', hook('first-call'));
    await ask('red', hook('second-call'));
    const statuses = (name: string) =>
      webhook.taken.filter(({ path }) => path.endsWith(`/${name}`)).map(({ body }) => body.task.status);
    await until('both are told the end', () =>
      ['first-call', 'second-call'].every((name) => statuses(name).at(-1) === 'COMPLETED') ? true : undefined,
    );
    expect(statuses('first-call')).toContain('INPUT_REQUIRED');
    expect(statuses('second-call')).not.toContain('INPUT_REQUIRED');
    const ids = webhook.taken
      .filter(({ path }) => path.endsWith('-call'))
      .map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('a set that the agent gives none of is an error before anything runs', async () => {
    const before = await gateway.count();
    for (const [agentId, modes] of [
      ['caller', ['image/png']],
      ['code-reviewer', ['text/plain']],
      ['caller', ['words']],
    ] as const) {
      const { body } = await client.send(
        asking(agentId, 'x', { configuration: { acceptedOutputModes: modes } }),
      );
      expect(body.error).toMatchObject({
        code: -32602,
        message: expect.stringMatching(/^configuration\.acceptedOutputModes/),
      });
    }
    expect(await gateway.count()).toBe(before);
  });

  it('historyLength: how many of the newest messages', async () => {
    for (const [historyLength, texts] of [
      [0, []],
      [1, ['shown']],
      [2, ['show', 'shown']],
      [9, ['show', 'shown']],
      [null, ['show', 'shown']],
    ] as const) {
      const task = await ask('show', { configuration: { historyLength } });
      expect(textsOf(task)).toEqual(texts);
    }
  });

  it('taskPushNotificationConfig: each change is posted, with the caller’s headers', async () => {
    const secret = `Bearer ${randomUUID()}`;
    const headers = { authorization: secret, 'X-Tenant': 'nine' };
    const { id } = await ask('slow', {
      configuration: {
        returnImmediately: true,
        taskPushNotificationConfig: { url: `${webhook.url}/invoke`, headers },
      },
    });
    const told = await until('the end is told', () => {
      const all = webhook.taken.filter(({ path, body }) => path.endsWith('/invoke') && body.task.id === id);
      return all.at(-1)?.body.task.status === 'COMPLETED' ? all : undefined;
    });
    expect(told.map(({ body }) => body.task.status)).toEqual(['WORKING', 'COMPLETED']);
    expect(told.at(-1)?.body.task).toMatchObject({ agentId: 'caller', artifacts: [{ name: 'seen' }] });
    for (const notification of told) {
      expect(notification.headers).toMatchObject({ authorization: secret, 'x-tenant': 'nine' });
    }
    // One webhook told of two changes: each has an id of its own.
    const ids = told.map(({ headers: sent }) => String(sent['webhook-id']).split('.'));
    expect(new Set(ids.map(([key]) => key)).size).toBe(1);
    expect(ids.map(([, version]) => version)).toEqual(['1', '2']);
    const { body } = await gateway.get('/receipts?limit=1');
    const { receipt_id } = body.receipts[0];
    expect(JSON.stringify(await gateway.receipt(receipt_id))).not.toContain(secret);
    expect(product.log()).not.toContain(secret);
  });
});

describe('errors', () => {
  const failed = async (answer: Promise<Answer>, status: number, code: number, message: RegExp | string) => {
    const { status: given, body } = await answer;
    expect({ status: given, body }).toMatchObject({
      status,
      body: { jsonrpc: '2.0', error: { code, message: expect.stringMatching(message) } },
    });
    expect(body).not.toHaveProperty('result');
    return body;
  };

  it('-32700: no JSON, or nothing', async () => {
    expect((await failed(client.post('{"jsonrpc"'), 400, -32700, 'JSON')).id).toBeNull();
    await failed(client.post(''), 400, -32700, 'empty');
  });

  it.each([
    ['a list', [], /one/],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'a2a.sendMessage' }, /^jsonrpc: /],
    ['no method', { jsonrpc: '2.0', id: 1 }, /^method: /],
    ['an id that is none', { jsonrpc: '2.0', id: {}, method: 'a2a.sendMessage' }, /^id: /],
  ])('-32600: %s', async (_name, body, message) => {
    await failed(client.post(body), 400, -32600, message);
  });

  it('-32601: another method, with the id', async () => {
    const body = { jsonrpc: '2.0', id: 5, method: 'message/send', params: {} };
    expect((await failed(client.post(body), 200, -32601, /^method: /)).id).toBe(5);
  });

  const part = (given: unknown): Wire => asking('caller', [{ text: 'a' }, given as Wire]);
  it.each<[string, unknown, RegExp]>([
    ['no params', undefined, /^params: /],
    ['params that are a list', [], /^params: /],
    ['no agentId', { message: { role: 'user', parts: [{ text: 'x' }] } }, /^agentId: is required/],
    ['no message', { agentId: 'caller' }, /^message: is required/],
    [
      'another role',
      { agentId: 'caller', message: { role: 'agent', parts: [{ text: 'x' }] } },
      /^message\.role: /,
    ],
    ['no parts', { agentId: 'caller', message: { role: 'user' } }, /^message\.parts: /],
    ['empty parts', asking('caller', []), /^message\.parts: /],
    ['a part that is none', part('x'), /^message\.parts\[1\]: /],
    ['an empty part', part({}), /^message\.parts\[1\]: /],
    ['two contents', part({ text: 'a', url: 'https://x.example' }), /^message\.parts\[1\]: /],
    ['text that is none', part({ text: 7 }), /^message\.parts\[1\]\.text: /],
    ['raw that is no base64', part({ raw: '***' }), /^message\.parts\[1\]\.raw: /],
    ['raw that is cut (QUJDR)', part({ raw: 'QUJDR' }), /^message\.parts\[1\]\.raw: /],
    ['raw that is cut (A)', part({ raw: 'A' }), /^message\.parts\[1\]\.raw: /],
    ['raw that is cut (==)', part({ raw: '==' }), /^message\.parts\[1\]\.raw: /],
    ['raw that is cut (QUI==)', part({ raw: 'QUI==' }), /^message\.parts\[1\]\.raw: /],
    ['an agentId with a NUL', asking('ca\0ller', 'x'), /^agentId: /],
    ['an unknown field of a part', part({ text: 'a', kind: 'text' }), /^message\.parts\[1\]\.kind: /],
    [
      'an unknown field of the message',
      { agentId: 'caller', message: { role: 'user', parts: [{ text: 'x' }], contextId: 'c' } },
      /^message\.contextId: /,
    ],
    ['an empty url', part({ url: '' }), /^message\.parts\[1\]\.url: /],
    ['metadata that is none', part({ text: 'a', metadata: 'b' }), /^message\.parts\[1\]\.metadata: /],
    ['a filename that is none', part({ text: 'a', filename: 1 }), /^message\.parts\[1\]\.filename: /],
    ['a mediaType that is none', part({ text: 'a', mediaType: [] }), /^message\.parts\[1\]\.mediaType: /],
    ['an unknown field', asking('caller', 'x', { maxCost: 1 }), /^maxCost: /],
    ['an unknown setting', asking('caller', 'x', { configuration: { wait: 1 } }), /^configuration\.wait: /],
    ['an empty sessionId', asking('caller', 'x', { sessionId: '' }), /^sessionId: /],
    ['an unknown skill', asking('caller', 'x', { skillIds: ['show', 'dance'] }), /^skillIds\[1\]: /],
    [
      'a count below zero',
      asking('caller', 'x', { configuration: { historyLength: -1 } }),
      /^configuration\.historyLength: /,
    ],
    [
      'no flag',
      asking('caller', 'x', { configuration: { returnImmediately: 'yes' } }),
      /^configuration\.returnImmediately: /,
    ],
    [
      'a webhook that is none',
      asking('caller', 'x', { configuration: { taskPushNotificationConfig: { url: 'ftp://x' } } }),
      /^configuration\.taskPushNotificationConfig\.url: /,
    ],
    [
      'a header that is the host’s',
      asking('caller', 'x', {
        configuration: { taskPushNotificationConfig: { url: 'https://x.example', headers: { Host: 'y' } } },
      }),
      /^configuration\.taskPushNotificationConfig\.headers\.Host: /,
    ],
    ['a limit that is none', asking('caller', 'x', { maxCostUnits: '5' }), /^maxCostUnits: /],
  ])('-32602: %s; no receipt', async (_name, params, message) => {
    const before = await gateway.count();
    await failed(client.send(params), 200, -32602, message);
    expect(await gateway.count()).toBe(before);
  });

  it('-32602: what the agent does not take', async () => {
    await failed(
      client.send(asking('caller', [{ data: { amount: 'much' } }])),
      200,
      -32602,
      /^message\.parts\[0\]\.data\.amount: /,
    );
    const { id } = await ask('show');
    await failed(client.send(asking('caller', 'more', { taskId: id })), 200, -32602, /^taskId: /);
    const asked = await ask('ask');
    const elsewhere = asking('caller', 'x', { taskId: asked.id, sessionId: newSession() });
    await failed(client.send(elsewhere), 200, -32602, /^sessionId: /);
  });

  it('-32001: no such agent, no such task', async () => {
    await failed(client.send(asking('nobody', 'x')), 200, -32001, /^agentId: /);
    await failed(client.send(asking(randomUUID(), 'x')), 200, -32001, /^agentId: /);
    const lost = asking('caller', 'x', { taskId: randomUUID() });
    await failed(client.send(lost), 200, -32001, 'Task not found');
    const { id } = await ask('ask');
    await failed(client.send(asking('code-reviewer', 'x', { taskId: id })), 200, -32001, 'Task not found');
  });

  it('another type: 415; too large: 413', async () => {
    const response = await fetch(`${client.base}/invoke`, { method: 'POST', body: 'x' });
    expect(response.status).toBe(415);
    const large = asking('caller', 'x'.repeat(33 * 1024 * 1024));
    await failed(client.send(large), 413, -32600, 'larger');
  });

  it('depth and numbers without end', async () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const body = (value: string) =>
      `{"jsonrpc":"2.0","method":"a2a.sendMessage","params":{"agentId":"caller","message":{"role":"user","parts":[{"data":${value}}]}}}`;
    await failed(client.post(body(deep)), 200, -32602, /^params: /);
    await failed(client.post(body('1e999')), 200, -32602, /^params: /);
  });
});

describe('tasks', () => {
  it('get: historyLength; unknown 404', async () => {
    const { id } = await ask('show');
    for (const [historyLength, texts] of [
      ['0', []],
      ['1', ['shown']],
      ['', ['show', 'shown']],
    ] as const) {
      const query = historyLength === '' ? '' : `historyLength=${historyLength}`;
      expect(textsOf((await client.get(`/tasks/${id}?${query}`)).body)).toEqual(texts);
      const list = await client.get(`/tasks?limit=1&status=COMPLETED&${query}`);
      expect(list.body.tasks.map(textsOf)).toEqual([texts]);
    }
    for (const unknown of [randomUUID(), 'x']) {
      expect(await client.get(`/tasks/${unknown}`)).toMatchObject({
        status: 404,
        body: { message: 'Task not found', status: 404 },
      });
      expect((await client.cancel(unknown)).status).toBe(404);
    }
  });

  it('list: by session and status, page by page, whatever surface they began by', async () => {
    const sessionId = newSession();
    const first = await ask('show', { sessionId });
    const second = await client.invoke(asking('code-reviewer', 'x', { sessionId }));
    await gateway.invoke('caller', { message: 'show', context_id: sessionId });
    const list = async (query = ''): Promise<Wire> =>
      (await client.get(`/tasks?sessionId=${sessionId}${query}`)).body;
    const all = await list();
    expect(all).toMatchObject({ tasks: [{ agentId: 'caller' }, second, first], nextCursor: null });
    const page = await list('&limit=2');
    expect(page.tasks).toHaveLength(2);
    expect(await list(`&limit=2&cursor=${page.nextCursor}`)).toEqual({ tasks: [first], nextCursor: null });
    await ask('ask', { sessionId });
    expect((await list('&status=INPUT_REQUIRED')).tasks).toHaveLength(1);
    expect((await list('&status=completed')).tasks).toHaveLength(3);
  });

  it.each(['status=DONE', 'limit=0', 'limit=101', 'cursor=x', 'session=x'])(
    'list with %s: 400',
    async (query) => {
      const { status, body } = await client.get(`/tasks?${query}`);
      expect({ status, message: body.message }).toEqual({
        status: 400,
        message: expect.stringMatching(new RegExp(`^${query.split('=')[0]}: `)),
      });
    },
  );
});
