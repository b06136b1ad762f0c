/** Who may call what over HTTP: every route with every credential, on the real product. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardedSurface } from '../../src/auth/guard.ts';
import { SURFACES } from '../../src/surfaces.ts';
import { asDescribed } from '../support/described.ts';
import { GatewayClient } from '../support/gateway.ts';
import { keysIn } from '../support/keys.ts';
import {
  killAllProducts,
  type Product,
  runJson,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { type RemoteServer, startRemoteAgent } from '../support/remote-agent.ts';
import { type Answer, agentUrl, olderMessage, post, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const data = await temporaryDataDir();
const env = { DATA_DIR: data.path };
let product: Product;

/** Each caller's key; `nobody` has none. */
const CALLERS = ['nobody', 'wrongScope', 'revoked', 'other', 'right'] as const;
type Who = (typeof CALLERS)[number];
const keys: Partial<Record<Who, string>> = {};
/** A task of `right`. */
let task: Wire;
let receiptId = '';
let authContextId = '';

const command = (...args: string[]): Promise<Wire> => runJson(args, env);
const createKey = (name: string, scopes: string): Promise<Wire> =>
  command('keys', 'create', '--name', name, '--scopes', scopes);

/** One of the page's own files, whose name holds its digest. */
const [CONSOLE_ASSET] = readdirSync(new URL('../../dist/console/assets', import.meta.url));

const ALL = 'agents:read,agents:invoke,receipts:read,admin';

beforeAll(async () => {
  // Before the host ever ran: the command makes the database itself.
  keys.right = (await createKey('right', ALL)).key;
  product = await startProduct(env);
  const maker = await keysIn(data.path);
  keys.other = await maker.make('other', 'agents:read,agents:invoke,receipts:read');
  keys.revoked = await maker.make('revoked', ALL);
  keys.wrongScope = await maker.make('wrong-scope', 'receipts:read');
  await maker.revoke(keys.revoked);
  await maker.close();
  const sent = await ask('right', {
    path: `${AGENT}/expense-approval`,
    body: rpcBody('message/send', { message: olderMessage('1,200 USD chair') }),
  });
  task = sent.body.result;
  const invoked = await ask('right', { path: '/v1/agents/echo/invoke', body: { message: 'hello' } });
  receiptId = invoked.body.receipt_id;
  const stored = await ask('right', {
    path: '/v1/auth-contexts',
    body: { provider_id: 'local', auth_model: 'bearer', token: 'a-token' },
  });
  authContextId = stored.body.auth_context_id;
});

afterAll(async () => {
  await killAllProducts();
  await data.remove();
});

const AGENT = '/orchestrator/a2a/v1';
const REST = `${AGENT}/expense-approval/rest`;
const rpcBody = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });

interface Request {
  path: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function ask(who: Who, { path, method = 'POST', body, headers }: Request): Promise<Answer> {
  const key = keys[who];
  const response = await fetch(`${product.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // Not lines of it.
  const json = /[/+]json/.test(response.headers.get('content-type') ?? '');
  const answer = { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  return asDescribed(method, `${product.url}${path}`, answer);
}

/** What a route answers its caller: the HTTP status, or that and an error's code in the body. */
type Expected = number | `${number} ${number | string}`;

interface Entry {
  request: () => Request;
  /** One who has the scope, and asks for what is somebody else's. */
  other: Expected;
  right: Expected;
  /** One whose only scope is `receipts:read`; 403 when absent. */
  wrongScope?: Expected;
  /** Where anybody may come, and finds what there is: 404 where nothing is configured. */
  anybody?: true | 404;
}

const of = (path: string, method = 'GET', body?: () => unknown): (() => Request) => {
  const id = () => task?.id ?? '';
  return () => ({
    path: path.replace('RECEIPT', receiptId).replace('ID', id()),
    method,
    headers: { 'A2A-Version': '1.0' },
    ...(body && { body: body() }),
  });
};
const push = (): unknown => ({ id: 'hook', url: 'https://192.0.2.1/hook' });

/** A switch, which only admins reach; of nobody, so that it changes nothing. */
const ofNobody = (path: string, code = 'provider_not_found'): Entry => ({
  request: of(path, 'POST', () => ({ reason: 'x' })),
  other: '403 insufficient_scope',
  right: `404 ${code}`,
});

/** A new route fails until it stands here. */
const RESOURCE = '/.well-known/oauth-protected-resource';
const WITHOUT_ISSUER = { other: 404, right: 404, anybody: 404 } as const;

const TABLE: Record<string, Entry> = {
  'get /': {
    request: () => ({ path: '/', method: 'GET', headers: { accept: 'text/html' } }),
    other: 200,
    right: 200,
    anybody: true,
  },
  'get /assets/:file': {
    request: () => ({ path: `/assets/${CONSOLE_ASSET}`, method: 'GET' }),
    other: 200,
    right: 200,
    anybody: true,
  },
  'get /console.json': { request: of('/console.json'), other: 200, right: 200, anybody: true },
  'get /.well-known/oauth-protected-resource': { ...WITHOUT_ISSUER, request: of(RESOURCE) },
  'get /.well-known/oauth-protected-resource/mcp': { ...WITHOUT_ISSUER, request: of(`${RESOURCE}/mcp`) },
  'get /healthz': { request: of('/healthz'), other: 200, right: 200, anybody: true },
  'get /readyz': { request: of('/readyz'), other: 200, right: 200, anybody: true },
  'get /metrics': { request: of('/metrics'), other: 403, right: 200 },
  'get /openapi.json': { request: of('/openapi.json'), other: 200, right: 200, anybody: true },
  'get /docs': { request: of('/docs'), other: 200, right: 200, anybody: true },
  'get /.well-known/jwks.json': {
    request: of('/.well-known/jwks.json'),
    other: 200,
    right: 200,
    anybody: true,
  },
  'get /.well-known/agent.json': {
    request: of('/.well-known/agent.json'),
    other: 200,
    right: 200,
    anybody: true,
  },
  'get /.well-known/agent-card.json': {
    request: of('/.well-known/agent-card.json'),
    other: 200,
    right: 200,
    anybody: true,
  },
  [`get ${AGENT}/:code/.well-known/agent.json`]: {
    request: of(`${AGENT}/echo/.well-known/agent.json`),
    other: 200,
    right: 200,
    anybody: true,
  },
  [`get ${AGENT}/:code/.well-known/agent-card.json`]: {
    request: of(`${AGENT}/echo/.well-known/agent-card.json`),
    other: 200,
    right: 200,
    anybody: true,
  },
  [`post ${AGENT}/agents/search`]: {
    request: of(`${AGENT}/agents/search`, 'POST', () => ({})),
    other: 200,
    right: 200,
  },
  [`post ${AGENT}/:code`]: {
    request: of(`${AGENT}/expense-approval`, 'POST', () => rpcBody('GetTask', { id: task.id })),
    other: '200 -32001',
    right: 200,
  },
  [`post ${AGENT}/:code/stream`]: {
    request: of(`${AGENT}/expense-approval/stream`, 'POST', () => rpcBody('GetTask', { id: task.id })),
    other: '200 -32001',
    right: 200,
  },
  [`post ${AGENT}/:code/rest/message\\:send`]: {
    request: of(`${REST}/message:send`, 'POST', () => ({
      message: userMessage('x', { taskId: task.id, contextId: 'not-its-own' }),
    })),
    other: '404 404',
    right: '400 400',
  },
  [`post ${AGENT}/:code/rest/message\\:stream`]: {
    request: of(`${REST}/message:stream`, 'POST', () => ({
      message: userMessage('x', { taskId: task.id, contextId: 'not-its-own' }),
    })),
    other: '404 404',
    right: '400 400',
  },
  [`get ${AGENT}/:code/rest/tasks`]: { request: of(`${REST}/tasks`), other: 200, right: 200 },
  [`post ${AGENT}/:code/rest/tasks/:id\\:subscribe`]: {
    request: of(`${REST}/tasks/00000000-0000-4000-8000-000000000000:subscribe`, 'POST', () => ({})),
    other: '404 404',
    right: '404 404',
  },
  [`get ${AGENT}/:code/rest/tasks/:id\\:subscribe`]: {
    request: of(`${REST}/tasks/00000000-0000-4000-8000-000000000000:subscribe`),
    other: '404 404',
    right: '404 404',
  },
  [`get ${AGENT}/:code/rest/tasks/:id`]: { request: of(`${REST}/tasks/ID`), other: '404 404', right: 200 },
  [`post ${AGENT}/:code/rest/tasks/:taskId/pushNotificationConfigs`]: {
    request: of(`${REST}/tasks/ID/pushNotificationConfigs`, 'POST', push),
    other: '404 404',
    right: 200,
  },
  [`get ${AGENT}/:code/rest/tasks/:taskId/pushNotificationConfigs`]: {
    request: of(`${REST}/tasks/ID/pushNotificationConfigs`),
    other: '404 404',
    right: 200,
  },
  [`get ${AGENT}/:code/rest/tasks/:taskId/pushNotificationConfigs/:id`]: {
    request: of(`${REST}/tasks/ID/pushNotificationConfigs/hook`),
    other: '404 404',
    right: 200,
  },
  [`delete ${AGENT}/:code/rest/tasks/:taskId/pushNotificationConfigs/:id`]: {
    request: of(`${REST}/tasks/ID/pushNotificationConfigs/hook`, 'DELETE'),
    other: '404 404',
    right: 200,
  },
  [`get ${AGENT}/:code/tasks/:taskId/deliveries`]: {
    request: of(`${AGENT}/expense-approval/tasks/ID/deliveries`),
    other: 404,
    right: 200,
  },
  [`get ${AGENT}/:code/rest/extendedAgentCard`]: {
    request: of(`${REST}/extendedAgentCard`),
    other: '400 400',
    right: '400 400',
  },
  [`get ${AGENT}/files/:id{/:filename}`]: {
    request: of(`${AGENT}/files/${'A'.repeat(43)}`),
    other: 404,
    right: 404,
  },
  'post /v1/agents/:agent_id/invoke': {
    request: of('/v1/agents/expense-approval/invoke', 'POST', () => ({
      message: 'x',
      region: 'DE',
      task_id: task.id,
      context_id: 'not-its-own',
    })),
    other: '404 task_not_found',
    right: '422 unprocessable',
  },
  'post /v1/agents/:agent_id/invoke-async': {
    request: of('/v1/agents/echo/invoke-async', 'POST', () => ({ message: 'x' })),
    other: 200,
    right: 200,
  },
  'post /v1/agents/:agent_id/check': {
    request: of('/v1/agents/echo/check', 'POST', () => ({ message: 'x' })),
    other: 200,
    right: 200,
  },
  'post /v1/agents/:agent_id/tasks/list': {
    request: of('/v1/agents/expense-approval/tasks/list', 'POST', () => ({})),
    other: 200,
    right: 200,
  },
  'post /v1/agents/:agent_id/tasks/:task_id/get': {
    request: of('/v1/agents/expense-approval/tasks/ID/get', 'POST', () => ({})),
    other: '404 task_not_found',
    right: 200,
  },
  'post /v1/agents/:agent_id/tasks/:task_id/subscribe': {
    request: of('/v1/agents/expense-approval/tasks/00000000-0000-4000-8000-000000000000/subscribe', 'POST'),
    other: '404 task_not_found',
    right: '404 task_not_found',
  },
  'get /v1/me': { request: of('/v1/me'), other: 200, right: 200, wrongScope: 200 },
  'get /v1/agents': { request: of('/v1/agents'), other: 200, right: 200 },
  'get /v1/agents/:agent_id': { request: of('/v1/agents/echo'), other: 200, right: 200 },
  'post /v1/agents': {
    request: of('/v1/agents', 'POST', () => ({ agent_id: 'x' })),
    other: '403 insufficient_scope',
    right: '400 invalid_request',
  },
  'delete /v1/agents/:agent_id': {
    request: of('/v1/agents/nobody', 'DELETE'),
    other: '403 insufficient_scope',
    right: '404 agent_not_found',
  },
  'get /v1/auth-contexts': { request: of('/v1/auth-contexts'), other: 200, right: 200 },
  'post /v1/auth-contexts': {
    request: of('/v1/auth-contexts', 'POST', () => ({})),
    other: '400 invalid_request',
    right: '400 invalid_request',
  },
  // Of `right`; it is the last to ask.
  'delete /v1/auth-contexts/:auth_context_id': {
    request: () => ({ path: `/v1/auth-contexts/${authContextId}`, method: 'DELETE' }),
    other: '404 auth_context_not_found',
    right: 204,
  },
  'get /v1/admin/agents': { request: of('/v1/admin/agents'), other: '403 insufficient_scope', right: 200 },
  'post /v1/admin/agents': {
    request: of('/v1/admin/agents', 'POST', () => ({ agents: [{ code: 'x', version: '1' }] })),
    other: '403 insufficient_scope',
    right: '400 invalid_request',
  },
  'delete /v1/admin/agents/:agent_id': {
    request: of('/v1/admin/agents/nobody', 'DELETE'),
    other: '403 insufficient_scope',
    right: '404 agent_not_found',
  },
  'get /v1/providers': { request: of('/v1/providers'), other: 200, right: 200 },
  'post /v1/providers': {
    request: of('/v1/providers', 'POST', () => ({ provider_id: 'acme' })),
    other: '403 insufficient_scope',
    right: '400 invalid_request',
  },
  'post /v1/providers/:provider_id/revoke': ofNobody('/v1/providers/nobody/revoke'),
  'post /v1/admin/providers/:provider_id/block': ofNobody('/v1/admin/providers/nobody/block'),
  'post /v1/admin/providers/:provider_id/unblock': ofNobody('/v1/admin/providers/nobody/unblock'),
  'post /v1/admin/agents/:agent_id/block': ofNobody('/v1/admin/agents/nobody/block', 'agent_not_found'),
  'post /v1/admin/agents/:agent_id/unblock': ofNobody('/v1/admin/agents/nobody/unblock', 'agent_not_found'),
  'get /v1/admin/keys': { request: of('/v1/admin/keys'), other: '403 insufficient_scope', right: 200 },
  'post /v1/admin/keys': {
    request: of('/v1/admin/keys', 'POST', () => ({ name: 'two words', scopes: ['admin'] })),
    other: '403 insufficient_scope',
    right: '400 invalid_request',
  },
  'post /v1/admin/keys/:key_id/revoke': {
    request: of('/v1/admin/keys/ak_nobody/revoke', 'POST'),
    other: '403 insufficient_scope',
    right: '404 key_not_found',
  },
  'get /v1/admin/audit': { request: of('/v1/admin/audit'), other: '403 insufficient_scope', right: 200 },
  'post /v1/admin/callers/:caller_id/export': {
    request: of('/v1/admin/callers/key:nobody/export', 'POST'),
    other: '403 insufficient_scope',
    right: '404 caller_not_found',
  },
  'post /v1/admin/callers/:caller_id/erase': {
    request: of('/v1/admin/callers/key:nobody/erase', 'POST', () => ({ cancel: 'yes' })),
    other: '403 insufficient_scope',
    right: '400 invalid_request',
  },
  'get /v1/admin/stats': { request: of('/v1/admin/stats'), other: '403 insufficient_scope', right: 200 },
  'get /v1/tasks': { request: of('/v1/tasks'), other: 200, right: 200 },
  'get /v1/tasks/events': {
    request: of('/v1/tasks/events?x=1'),
    other: '400 invalid_request',
    right: '400 invalid_request',
  },
  'get /v1/tasks/:task_id/timeline': {
    request: of('/v1/tasks/ID/timeline'),
    other: '404 task_not_found',
    right: 200,
  },
  'get /v1/receipts': { request: of('/v1/receipts'), other: 200, right: 200, wrongScope: 200 },
  'get /v1/receipts/checkpoint': {
    request: of('/v1/receipts/checkpoint'),
    other: 200,
    right: 200,
    wrongScope: 200,
  },
  'get /v1/receipts/export': {
    request: of('/v1/receipts/export'),
    other: '403 insufficient_scope',
    right: 200,
    wrongScope: '403 insufficient_scope',
  },
  'get /v1/receipts/:receipt_id': {
    request: of('/v1/receipts/RECEIPT'),
    other: '404 receipt_not_found',
    right: 200,
    wrongScope: '404 receipt_not_found',
  },
  'get /v1/receipts/:receipt_id/verifications': {
    request: of('/v1/receipts/RECEIPT/verifications'),
    other: '404 receipt_not_found',
    right: 200,
    wrongScope: '404 receipt_not_found',
  },
  'post /v1/receipts/:receipt_id/verify': {
    request: of('/v1/receipts/RECEIPT/verify', 'POST', () => ({ verification: 'verified', reason: 'seen' })),
    other: '403 insufficient_scope',
    right: 200,
    wrongScope: '403 insufficient_scope',
  },
  'post /v1/verifier/run': {
    request: of('/v1/verifier/run', 'POST', () => ({})),
    other: '403 insufficient_scope',
    right: 200,
    wrongScope: '403 insufficient_scope',
  },
  'post /v1/a2a/invoke': {
    request: of('/v1/a2a/invoke', 'POST', () =>
      rpcBody('a2a.sendMessage', {
        agentId: 'expense-approval',
        taskId: task.id,
        sessionId: 'not-its-own',
        region: 'DE',
        message: { role: 'user', parts: [{ text: 'x' }] },
      }),
    ),
    other: '200 -32001',
    right: '200 -32602',
  },
  'post /mcp': {
    request: () => ({
      path: '/mcp',
      headers: { accept: 'application/json, text/event-stream' },
      body: rpcBody('tools/list', {}),
    }),
    other: 200,
    right: 200,
  },
  'get /mcp': { request: of('/mcp'), other: '405 -32000', right: '405 -32000' },
  'delete /mcp': { request: of('/mcp', 'DELETE'), other: '405 -32000', right: '405 -32000' },
  'get /v1/a2a/tasks': { request: of('/v1/a2a/tasks'), other: 200, right: 200 },
  'get /v1/a2a/tasks/:id/stream': {
    request: of('/v1/a2a/tasks/00000000-0000-4000-8000-000000000000/stream'),
    other: 404,
    right: 404,
  },
  'get /v1/a2a/tasks/:id': { request: of('/v1/a2a/tasks/ID'), other: 404, right: 200 },
  // Last among the task's own, because it ends it.
  [`post ${AGENT}/:code/rest/tasks/:id\\:cancel`]: {
    request: of(`${REST}/tasks/ID:cancel`, 'POST', () => ({})),
    other: '404 404',
    right: 200,
  },
  'post /v1/agents/:agent_id/tasks/:task_id/cancel': {
    request: of('/v1/agents/expense-approval/tasks/ID/cancel', 'POST', () => ({})),
    other: '404 task_not_found',
    right: '409 task_ended',
  },
  'post /v1/a2a/tasks/:id/cancel': {
    request: of('/v1/a2a/tasks/ID/cancel', 'POST'),
    other: 404,
    right: 409,
  },
  [`all ${AGENT}/:code/rest/*path`]: { request: of(`${REST}/nothing`), other: '404 404', right: '404 404' },
};

const routesOf = ({ path, routes }: GuardedSurface) =>
  routes.map((route) => `${route.method} ${path.replace(/\/$/, '')}${route.path}`);

it('every route of every surface stands in the table, and nothing else', () => {
  expect(Object.keys(TABLE).sort()).toEqual(SURFACES.flatMap(routesOf).sort());
});

const shown = ({ status, body }: Answer): Expected =>
  body?.error?.code === undefined ? status : (`${status} ${body.error.code}` as const);

describe.each(Object.entries(TABLE))('%s', (_route, { request, other, right, anybody, wrongScope }) => {
  it.each(CALLERS)('%s', async (who) => {
    const answer = await ask(who, request());
    const { status, headers, body } = answer;
    if (who === 'right') expect(shown(answer)).toBe(right);
    else if (who === 'other') expect(shown(answer)).toBe(other);
    else if (who === 'wrongScope' && wrongScope !== undefined) expect(shown(answer)).toBe(wrongScope);
    else if (anybody && who !== 'revoked') expect(status).toBe(anybody === true ? 200 : anybody);
    else if (anybody) expect([200, 401, anybody]).toContain(status);
    else expect(status).toBe(who === 'wrongScope' ? 403 : 401);
    if (status === 401 || status === 403) {
      expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="agent-host"/);
      expect(body.message ?? body.error.message).toMatch(/\S/);
    }
  });
});

it('the OpenAPI document and its page are there for anybody, and the page may do nothing but show itself', async () => {
  const document = await ask('nobody', { path: '/openapi.json', method: 'GET' });
  expect(document.body).toMatchObject({ openapi: '3.1.0', servers: [{ url: product.url }] });
  const page = await ask('nobody', { path: '/docs', method: 'GET' });
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy');
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-\S+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.body).toContain('/v1/agents/{agent_id}/invoke');
});

it('an admin reads the tasks of all callers, and no more', async () => {
  const begun = await ask('other', {
    path: `${AGENT}/expense-approval`,
    body: rpcBody('message/send', { message: olderMessage('900 USD desk') }),
  });
  const { id } = begun.body.result;
  const v1 = { 'A2A-Version': '1.0' };
  const rest = (path: string, method = 'GET') => ({ path: `${REST}/${path}`, method, headers: v1 });
  expect((await ask('right', rest(`tasks/${id}`))).body.id).toBe(id);
  const { tasks } = (await ask('right', rest('tasks'))).body;
  expect(tasks.map((each: Wire) => each.id)).toContain(id);
  const theirs = (await ask('other', rest('tasks'))).body;
  expect(theirs.tasks.map((each: Wire) => each.id)).toEqual([id]);
  expect((await ask('right', { path: `/v1/a2a/tasks/${id}`, method: 'GET' })).body.id).toBe(id);
  const facade = (await ask('right', { path: '/v1/a2a/tasks', method: 'GET' })).body;
  expect(facade.tasks.map((each: Wire) => each.id)).toContain(id);
  expect((await ask('right', { path: `/v1/a2a/tasks/${id}/cancel` })).status).toBe(404);
  expect((await ask('right', { ...rest(`tasks/${id}:cancel`, 'POST'), body: {} })).status).toBe(404);
  const answer = olderMessage('yes', { taskId: id });
  const sent = await ask('right', {
    path: `${AGENT}/expense-approval`,
    body: rpcBody('message/send', { message: answer }),
  });
  expect(sent.body.error.code).toBe(-32001);
});

/** A task is its caller's, and an agent elsewhere, to which all callers are the host, cannot know that. */
describe.each(['expense-approval', 'elsewhere'])('tasks of others in the gateway: %s', (agent) => {
  let bob: GatewayClient;
  let remote: RemoteServer;
  const as = (key = '') => new GatewayClient(product.url, { authorization: `Bearer ${key}` });
  const ids = ({ body }: Answer) => body.output.tasks.map((each: Wire) => each.task_id);

  beforeAll(async () => {
    const admin = as(keys.right);
    const made = await admin.post('/admin/keys', { name: `bob-${agent}`, scopes: ['agents:invoke'] });
    bob = as(made.body.key);
    remote = await startRemoteAgent();
    const card = { agent_id: 'elsewhere', card_url: remote.cardUrl, allow_private: true };
    if (agent === 'elsewhere') await admin.post('/agents', card);
  });

  afterAll(() => remote.close());

  it('are not there; an admin sees all', async () => {
    const admin = as(keys.right);
    const ada = as(keys.other);
    const question = { message: agent === 'elsewhere' ? 'ask' : '1,200 USD chair', region: 'DE' };
    const hers = await ada.invoke(agent, question);
    const { task_id } = hers.body;
    const his = (await bob.invoke(agent, question)).body.task_id;
    const path = `/agents/${agent}/tasks/${task_id}`;
    const none = { status: 404, body: { error: { code: 'task_not_found' } } };
    for (const what of ['get', 'cancel', 'subscribe'])
      expect(await bob.post(`${path}/${what}`, {})).toMatchObject(none);
    for (let times = 0; times < 2; times++) {
      const went = await bob.invoke(agent, { message: 'yes', task_id, region: 'DE' });
      expect(went).toMatchObject(none);
      const { receipt } = await admin.receipt(went.body.receipt_id);
      expect(receipt).toMatchObject({ status: 'failed' });
      expect(receipt).not.toHaveProperty('task_id');
    }
    expect(await bob.post(`${path}/get`, {})).toMatchObject(none);
    const listed = await bob.post(`/agents/${agent}/tasks/list`, {});
    expect(ids(listed)).toEqual([his]);
    expect(JSON.stringify(listed.body)).not.toContain(task_id);
    const seen = await admin.post(`${path}/get`, {});
    expect(seen).toMatchObject({ status: 200, body: { task_id, receipt_id: hers.body.receipt_id } });
    expect(ids(await admin.post(`/agents/${agent}/tasks/list`, {}))).toEqual(
      expect.arrayContaining([task_id, his]),
    );
    const went = await ada.invoke(agent, { message: 'yes', task_id, region: 'DE' });
    expect(went).toMatchObject({ status: 200, body: { status: 'completed', task_id } });
  });

  it.runIf(agent === 'elsewhere')(
    'nor are they given away by the id of a message, or by a context',
    async () => {
      const ada = as(keys.other);
      const envelope = (more: object = {}) => ({
        agent_envelope: {
          message: { messageId: 'order-4711', role: 'ROLE_USER', parts: [{ text: 'ask' }], ...more },
        },
      });
      const hers = await ada.invoke(agent, envelope());
      const { task_id, context_id } = hers.body;
      expect((await ada.invoke(agent, envelope())).body).toMatchObject({ task_id });
      const same = await bob.invoke(agent, envelope());
      expect(same).toMatchObject({ status: 409, body: { error: { code: 'message_id_taken' } } });
      expect(JSON.stringify(same.body)).not.toContain(task_id);
      const later = await bob.post(`/agents/${agent}/invoke-async`, envelope());
      const { receipt } = await as(keys.right).final(later.body.receipt_id);
      expect(receipt).toMatchObject({ status: 'failed' });
      expect(receipt).not.toHaveProperty('task_id');
      expect((await bob.post(`/agents/${agent}/tasks/${task_id}/get`, {})).status).toBe(404);
      const noContext = { status: 404, body: { error: { code: 'context_not_found' } } };
      expect(await bob.invoke(agent, { message: 'x', context_id })).toMatchObject(noContext);
      const referring = envelope({ messageId: 'another', referenceTaskIds: [task_id] });
      expect(await bob.invoke(agent, referring)).toMatchObject({
        status: 404,
        body: { error: { code: 'task_not_found' } },
      });
      expect((await ada.invoke(agent, { message: 'x', context_id })).body).toMatchObject({ context_id });
    },
  );
});

describe('what a refusal says', () => {
  const url = () => agentUrl(product.url, 'echo');
  const body = rpcBody('GetTask', { id: 'x' });
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it('no credential: 401 in HTTP’s own words', async () => {
    const { status, headers, body: said } = await post(url(), body);
    expect({ status, said }).toEqual({
      status: 401,
      said: { message: 'A credential is needed', status: 401 },
    });
    expect(headers.get('www-authenticate')).toBe('Bearer realm="agent-host"');
  });

  it('a revoked key: 401 invalid_token', async () => {
    const { status, headers } = await post(url(), body, bearer(keys.revoked ?? ''));
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toMatch(
      /error="invalid_token", error_description="The API key is revoked"/,
    );
  });

  it('a missing scope: 403 and -32000, and which scope it is', async () => {
    const { status, headers, body: said } = await post(url(), body, bearer(keys.wrongScope ?? ''));
    expect(status).toBe(403);
    expect(said).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 }, status: 403 });
    expect(headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*scope="agents:invoke"/);
  });

  it.each([
    ['two credentials', { authorization: 'Bearer ak_x', 'x-api-key': 'ak_y' }, 400],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }, 401],
    ['a token, where no issuer is known', { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }, 401],
    ['a key that nobody made', { 'x-api-key': `ak_${'0'.repeat(12)}_${'A'.repeat(32)}` }, 401],
    ['a key as DPoP', { authorization: 'DPoP ak_x' }, 401],
  ])('%s', async (_, headers, status) => {
    const answer = await post(url(), body, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('a key in x-api-key counts as well', async () => {
    const { status } = await post(url(), body, { 'x-api-key': keys.right ?? '' });
    expect(status).toBe(200);
  });

  it('is in the audit log', async () => {
    const { entries } = await command('audit', '--event', 'login-refused');
    // How many more there were is told when their minute is over.
    expect(entries.find(({ detail }: Wire) => detail.leftOut === undefined)).toMatchObject({
      address: '127.0.0.1',
      detail: { error: expect.stringMatching(/^invalid/) },
    });
    expect((await command('audit', '--event', 'access-refused')).entries[0]).toMatchObject({
      caller: 'key:wrong-scope',
    });
  });
});

it('a task of another caller is told like one that never was', async () => {
  const answers = await Promise.all(
    [task.id, '00000000-0000-4000-8000-000000000000'].map((id) =>
      ask('other', { path: `${AGENT}/expense-approval`, body: rpcBody('tasks/get', { id }) }),
    ),
  );
  expect(answers[0]?.body).toEqual(answers[1]?.body);
});

it('a key holds for a second after its revocation at most', async () => {
  const { id, key } = await createKey('brief', 'agents:invoke');
  const status = async () =>
    (await post(agentUrl(product.url, 'echo'), rpcBody('GetTask', { id: 'x' }), { 'x-api-key': key })).status;
  expect(await status()).toBe(200);
  const headers = { 'x-api-key': key };
  const waiting = {
    agentId: 'expense-approval',
    region: 'DE',
    message: { role: 'user', parts: [{ text: '900 EUR' }] },
  };
  const call = { jsonrpc: '2.0', method: 'a2a.sendMessage', params: waiting };
  const { body } = await post(`${product.url}/v1/a2a/invoke`, call, headers);
  const open = await fetch(`${product.url}/v1/a2a/tasks/${body.result.task.id}/stream`, { headers });
  let ended = false;
  const read = open.text().then(() => {
    ended = true;
  });
  await command('keys', 'revoke', id);
  await until('401', async () => ((await status()) === 401 ? true : undefined), 1_000);
  await until('its stream has ended', () => ended || undefined, 1_000);
  await read;
});

it('an admin makes and revokes keys over HTTP, and reads who did what, from where and why', async () => {
  const asRight = async (path: string, body?: unknown) => {
    const answer = await ask('right', { path, method: body === undefined ? 'GET' : 'POST', body });
    return { status: answer.status, body: answer.body };
  };
  const made = await asRight('/v1/admin/keys', { name: 'remote', scopes: ['agents:invoke'], expires: '1d' });
  expect(made).toMatchObject({
    status: 201,
    body: { name: 'remote', scopes: ['agents:invoke'], revoked_at: null },
  });
  const { id, key } = made.body;
  const status = async () =>
    (await post(agentUrl(product.url, 'echo'), rpcBody('GetTask', { id: 'x' }), { 'x-api-key': key })).status;
  expect(await status()).toBe(200);
  const { keys: listed } = (await asRight('/v1/admin/keys')).body;
  expect(listed.find((each: Wire) => each.id === id)).toMatchObject({ name: 'remote' });
  expect(JSON.stringify(listed)).not.toContain(key);
  expect((await asRight(`/v1/admin/keys/${id}/revoke`, {})).body.revoked_at).toEqual(expect.any(String));
  // On the host that was told it holds at once.
  expect(await status()).toBe(401);
  await asRight('/v1/admin/agents/trip-planner/block', { reason: 'a trial' });
  await asRight('/v1/admin/agents/trip-planner/unblock', { reason: 'over' });
  await asRight('/v1/verifier/run', {});
  const who = { caller: 'key:right', address: '127.0.0.1' };
  const newest = async (event: string) =>
    (await asRight(`/v1/admin/audit?event=${event}&limit=1`)).body.entries[0];
  expect(await newest('key-created')).toMatchObject({ ...who, detail: { id, name: 'remote' } });
  expect(await newest('key-revoked')).toMatchObject({ ...who, detail: { id } });
  expect(await newest('agent-block')).toMatchObject({
    ...who,
    detail: { id: 'trip-planner', reason: 'a trial' },
  });
  expect(await newest('admin-action')).toMatchObject({ ...who, detail: { action: 'POST /v1/verifier/run' } });
});

it('the command line presents AGENT_HOST_API_KEY', async () => {
  const client = (key: string) =>
    runProduct(['send', 'echo', 'hello', '--url', product.url], { AGENT_HOST_API_KEY: key });
  expect((await client(keys.right ?? '')).stdout).toContain('completed: hello');
  expect(await client('')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/401.*\n.*AGENT_HOST_API_KEY/),
  });
});

it('cards tell how callers are let in', async () => {
  const card = (await ask('nobody', { path: `${AGENT}/echo/.well-known/agent-card.json`, method: 'GET' }))
    .body;
  expect(Object.keys(card.securitySchemes)).toEqual(['apiKey', 'bearer']);
  expect(card.securityRequirements).toEqual([
    { schemes: { apiKey: { list: [] } } },
    { schemes: { bearer: { list: [] } } },
  ]);
  const older = (await ask('nobody', { path: `${AGENT}/echo/.well-known/agent.json`, method: 'GET' })).body;
  expect(older.security).toEqual([{ apiKey: [] }, { bearer: [] }]);
  expect(older.authentication).toEqual({ schemes: ['ApiKey', 'Bearer'] });
});

describe('a host without keys', () => {
  it('serves this machine until its first key is made, and no other address at all', {
    timeout: 180_000,
  }, async () => {
    const fresh = await temporaryDataDir();
    const own = { DATA_DIR: fresh.path };
    try {
      const open = await startProduct(own);
      const get = () => rpc(agentUrl(open.url, 'echo'), 'tasks/get', { id: 'x' });
      expect((await get()).status).toBe(200);
      const card = async () =>
        (await fetch(`${open.url}${AGENT}/echo/.well-known/agent.json`)).json() as Promise<Wire>;
      expect((await card()).security).toEqual([]);
      const { code, stdout } = await runProduct(
        ['--json', 'keys', 'create', '--name', 'first', '--scopes', 'agents:invoke'],
        own,
      );
      expect(code).toBe(0);
      await until('401', async () => ((await get()).status === 401 ? true : undefined), 1_000);
      expect((await card()).security).toHaveLength(2);
      await open.end('SIGTERM');
      const elsewhere = await startProduct({ ...own, HOST: '0.0.0.0' });
      expect((await fetch(`${elsewhere.url.replace('0.0.0.0', '127.0.0.1')}/healthz`)).status).toBe(200);
      await elsewhere.end('SIGTERM');
      await runProduct(['keys', 'revoke', JSON.parse(stdout).id], own);
      const refused = await runProduct(['start'], { ...own, HOST: '0.0.0.0', PORT: '0' });
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^HOST: .*keys create/) });
    } finally {
      await fresh.remove();
    }
  });
});
