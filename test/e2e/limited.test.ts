/** An agent that only some may see (`access`): to all others it is as if there were none, on every surface. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrpcClient } from '../support/grpc.ts';
import { closedDoor, keysIn } from '../support/keys.ts';
import { mcpClient } from '../support/mcp.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { type Answer, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const AGENT = '/orchestrator/a2a/v1';
const WHO = ['outsider', 'boss', 'accountant', 'root'] as const;
type Who = (typeof WHO)[number] | 'formerAccountant' | 'narrow' | 'nobody';

const data = await temporaryDataDir();
const env = {
  DATA_DIR: data.path,
  GRPC_PORT: '0',
  WORKFLOWS: join(import.meta.dirname, 'fixtures', 'limited'),
};
const keys: Partial<Record<Who, string>> = {};
let product: Product;
let grpc: GrpcClient;

beforeAll(async () => {
  product = await startProduct(env);
  const maker = await keysIn(data.path);
  const both = 'agents:read,agents:invoke';
  keys.outsider = await maker.make('outsider', both);
  keys.boss = await maker.make('boss', both);
  keys.accountant = await maker.make('accountant', `${both},finance`);
  keys.formerAccountant = await maker.make('accountant', both);
  keys.root = await maker.make('root', 'admin');
  keys.narrow = await maker.make('narrow', 'receipts:read');
  await maker.close();
  await closedDoor(product.url);
  const card = (await ask('nobody', 'GET', '/open/.well-known/agent-card.json')).body;
  const { url } = card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC');
  grpc = new GrpcClient(url);
}, 120_000);

afterAll(async () => {
  grpc.close();
  await killAllProducts();
  await data.remove();
});

const credentialOf = (who: Who): Record<string, string> =>
  keys[who] === undefined ? {} : { authorization: `Bearer ${keys[who]}` };

async function ask(who: Who, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${product.url}${path.startsWith('/v1/') ? path : AGENT + path}`, {
    method,
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...credentialOf(who) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

const rpcOf = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });
const send = (text: string, more: Wire = {}) => rpcOf('SendMessage', { message: userMessage(text, more) });

const found = async (who: Who, query: string): Promise<Wire> =>
  (await ask(who, 'POST', '/agents/search', { query })).body;

const invoking = (agentId: string) =>
  rpcOf('a2a.sendMessage', { agentId, message: { role: 'user', parts: [{ text: 'x' }] } });

/** Every way to an agent. */
const WAYS: [string, string, string, unknown?][] = [
  ['the card', 'GET', '/CODE/.well-known/agent-card.json'],
  ['the older card', 'GET', '/CODE/.well-known/agent.json'],
  ['JSON-RPC', 'POST', '/CODE', send('x')],
  ['JSON-RPC, to /stream', 'POST', '/CODE/stream', send('x')],
  ['a JSON-RPC batch', 'POST', '/CODE', [send('x')]],
  ['the extended card', 'POST', '/CODE', rpcOf('GetExtendedAgentCard', {})],
  ['HTTP+JSON', 'GET', '/CODE/rest/tasks'],
  ['HTTP+JSON, a send', 'POST', '/CODE/rest/message:send', { message: userMessage('x') }],
  ['HTTP+JSON, the extended card', 'GET', '/CODE/rest/extendedAgentCard'],
  ['HTTP+JSON, no operation', 'GET', '/CODE/rest/nothing'],
  ['the gateway’s entry', 'GET', '/../../../v1/agents/CODE'],
  ['the gateway’s check', 'POST', '/../../../v1/agents/CODE/check', { message: 'x' }],
  ['the gateway, a task', 'POST', '/../../../v1/agents/CODE/tasks/list', {}],
  ['the deliveries of a task', 'GET', '/CODE/tasks/x/deliveries'],
  ['the gateway', 'POST', '/v1/agents/CODE/invoke', { message: 'x' }],
  ['the gateway, later', 'POST', '/v1/agents/CODE/invoke-async', { message: 'x' }],
  ['the gateway’s policy', 'POST', '/v1/agents/CODE/check', { message: 'x' }],
  ['the gateway’s tasks', 'POST', '/v1/agents/CODE/tasks/list', {}],
  ['a task at the gateway', 'POST', '/v1/agents/CODE/tasks/x/get', {}],
  ['a task canceled at the gateway', 'POST', '/v1/agents/CODE/tasks/x/cancel', {}],
  ['a stream of the gateway', 'POST', '/v1/agents/CODE/tasks/x/subscribe', {}],
  ['the invoke facade', 'POST', '/v1/a2a/invoke', invoking('CODE')],
];

describe.each(WAYS)('%s', (_way, method, path, body) => {
  const to = (who: Who, code: string) =>
    ask(
      who,
      method,
      path.replace('CODE', code),
      body && JSON.parse(JSON.stringify(body).replace('CODE', code)),
    );

  it.each(['outsider', 'formerAccountant', 'narrow', 'nobody'] as const)(
    'answers %s just as for an agent that does not exist',
    async (who) => {
      const [hidden, none] = await Promise.all([to(who, 'payroll'), to(who, 'nothing')]);
      expect(hidden.status).toBe(none.status);
      expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(none.body).replaceAll('nothing', 'payroll'));
      const headers = ({ headers }: Answer) => [...headers.keys()].sort();
      expect(headers(hidden)).toEqual(headers(none));
      const isCard = path.includes('.well-known');
      // There JSON-RPC tells it.
      const isGone = path.endsWith('/invoke') && path.includes('a2a') ? 200 : 404;
      expect(hidden.status).toBe(
        isCard || who === 'outsider' || who === 'formerAccountant' ? isGone : who === 'narrow' ? 403 : 401,
      );
    },
  );

  it.each(['boss', 'accountant', 'root'] as const)('lets %s in', async (who) => {
    const [answer, open] = await Promise.all([to(who, 'payroll'), to(who, 'open')]);
    if (/nothing|\/tasks\/x\//.test(path)) expect(answer.status).toBe(open.status);
    else expect({ status: answer.status, error: answer.body.error }).toEqual({ status: 200 });
  });
});

it('MCP: there is no such tool', async () => {
  const tools = async (who: Who) => {
    const client = await mcpClient({ hosts: [product.url], key: keys[who] ?? '', version: 'newest' });
    const names = (await client.listTools()).tools.map(({ name }) => name);
    const called = await client.callTool({ name: 'payroll', arguments: { message: 'x' } }).catch(String);
    await client.close();
    return { names, called };
  };
  const outsider = await tools('outsider');
  expect(outsider.names).toContain('open');
  expect(outsider.names).not.toContain('payroll');
  expect(outsider.called).toContain('There is no tool "payroll"');
  const boss = await tools('boss');
  expect(boss.names).toContain('payroll');
  expect(boss.called).toMatchObject({ structuredContent: { state: 'completed' } });
});

it('its card is for no shared cache', async () => {
  const control = async (who: Who, code: string) =>
    (await ask(who, 'GET', `/${code}/.well-known/agent-card.json`)).headers.get('cache-control');
  expect(await control('boss', 'payroll')).toBe('private, max-age=300');
  expect(await control('boss', 'open')).toBe('public, max-age=300');
});

it('gRPC: NOT_FOUND for a tenant that is hidden, as for one that is not there', async () => {
  const listTasks = (tenant: string, who: Who) =>
    grpc.refused('listTasks', { tenant, pageSize: 1 }, credentialOf(who));
  const [hidden, none] = await Promise.all([
    listTasks('payroll', 'outsider'),
    listTasks('nothing', 'outsider'),
  ]);
  expect(hidden).toEqual({ ...none, message: none.message.replace('nothing', 'payroll') });
  expect(hidden.code).toBe('NOT_FOUND');
  const tasks = await grpc.call('listTasks', { tenant: 'payroll', pageSize: 1 }, credentialOf('accountant'));
  expect(tasks.tasks).toBeDefined();
});

describe('search', () => {
  it.each([
    ['outsider', ['open']],
    ['formerAccountant', ['open']],
    ['boss', ['open', 'payroll']],
    ['accountant', ['open', 'payroll']],
    ['root', ['open', 'payroll']],
  ] as [Who, string[]][])('for %s finds %j', async (who, codes) => {
    for (const query of ['', 'wages']) {
      const { resources, total_count } = await found(who, query);
      expect(resources.map(({ id }: Wire) => id).sort()).toEqual(codes);
      expect(total_count).toBe(codes.length);
    }
  });

  it.each([
    ['outsider', 1],
    ['accountant', 2],
    ['root', 2],
  ] as [Who, number][])('the directory finds for %s: %i', async (who, total) => {
    const { body } = await ask(who, 'POST', '/directory', send('wages'));
    expect(body.result.task.artifacts[0].parts[0].data.total_count).toBe(total);
  });

  it('the directory asked by an agent finds what that one’s caller may see', async () => {
    const text = async (who: Who) =>
      (await ask(who, 'POST', '/open', send('directory'))).body.result.task.status.message.parts[0].text;
    expect(await text('outsider')).toMatch(/^1 agent fits/);
    expect(await text('boss')).toMatch(/^2 agents fit/);
  });

  it.each([
    ['outsider', /^1 agent fits/],
    ['accountant', /^2 agents fit/],
  ] as [Who, RegExp][])('so does one that %s calls by the facades', async (who, answer) => {
    const request = { message: 'directory' };
    const { body: sync } = await ask(who, 'POST', '/v1/agents/open/invoke', request);
    expect(sync.message).toMatch(answer);
    const message = { role: 'user', parts: [{ text: 'directory' }] };
    const invoke = rpcOf('a2a.sendMessage', { agentId: 'open', message });
    const { body: invoked } = await ask(who, 'POST', '/v1/a2a/invoke', invoke);
    expect(invoked.result.task.messages.at(-1).parts[0].text).toMatch(answer);
    const { body: begun } = await ask(who, 'POST', '/v1/agents/open/invoke-async', request);
    const { output } = await until('the call has ended', async () => {
      const { body } = await ask('root', 'GET', `/v1/receipts/${begun.receipt_id}`);
      return body.receipt.status === 'running' ? undefined : body;
    });
    expect(output.message).toMatch(answer);
  });
});

it('a file of its tasks goes with it', async () => {
  const raw = Buffer.alloc(100_000, 1).toString('base64');
  const sent = await ask(
    'accountant',
    'POST',
    '/payroll',
    send('x', { parts: [{ raw, filename: 'a.bin' }] }),
  );
  const url = new URL(sent.body.result.task.history[0].parts[0].url);
  const status = async (who: Who) =>
    (await fetch(`${product.url}${url.pathname}`, { headers: credentialOf(who) })).status;
  expect(await status('accountant')).toBe(200);
  expect(await status('formerAccountant')).toBe(404);
});

it('its tasks go with it, wherever they are asked for', async () => {
  const { body } = await ask('accountant', 'POST', '/v1/a2a/invoke', invoking('payroll'));
  const { id, sessionId } = body.result.task;
  const none = '00000000-0000-4000-8000-000000000000';
  const ways: [string, string][] = [
    ['GET', '/v1/a2a/tasks/ID'],
    ['GET', '/v1/a2a/tasks/ID/stream'],
    ['POST', '/v1/a2a/tasks/ID/cancel'],
  ];
  for (const [method, path] of ways) {
    const [hidden, unknown] = await Promise.all(
      [id, none].map((taskId) => ask('formerAccountant', method, path.replace('ID', taskId))),
    );
    expect(hidden?.status).toBe(404);
    expect(hidden?.body).toEqual(unknown?.body);
  }
  const listed = async (who: Who) =>
    (await ask(who, 'GET', `/v1/a2a/tasks?sessionId=${sessionId}`)).body.tasks.map((each: Wire) => each.id);
  expect(await listed('formerAccountant')).toEqual([]);
  expect(await listed('accountant')).toEqual([id]);
  expect((await ask('accountant', 'GET', `/v1/a2a/tasks/${id}`)).status).toBe(200);
});

it('what a workflow does is its author’s: it calls the agent for whoever asks', async () => {
  const { body } = await ask('outsider', 'POST', '/open', send('payroll'));
  expect(body.result.task.status.message.parts[0].text).toBe('nothing is paid');
});

it('a workflow knows whom it works for', async () => {
  const { body } = await ask('accountant', 'POST', '/open', send('', { parts: [{ data: {} }] }));
  expect(body.result.task.status.message.parts[0].text).toBe(
    'key:accountant: agents:invoke agents:read finance',
  );
});
