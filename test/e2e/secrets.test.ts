/** A secret never appears: the logs, the record and the answers of a run are searched for every credential it used. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import {
  AUDIENCE,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { keysOn } from '../support/keys.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, userMessage, type Wire } from '../support/rpc.ts';

let server: AuthorizationServer;
let ground: TestGround;
let product: Product;
/** By what they are. */
const secrets = new Map<string, string>();
let answers = '';

beforeAll(async () => {
  [server, ground] = await Promise.all([startAuthorizationServer(), startGround()]);
  product = await startProduct({
    ...ground.env,
    AUTH_ISSUER: server.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    LOG_LEVEL: 'trace',
  });
}, 120_000);

afterAll(async () => {
  await endAllProducts();
  await server.stop();
  await ground.stop();
});

async function ask(path: string, headers: Record<string, string>, body?: unknown): Promise<Wire> {
  const response = await fetch(`${product.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  answers += `${JSON.stringify([...response.headers])}\n${text}\n`;
  return text.startsWith('{') ? JSON.parse(text) : text;
}

const path = new URL(agentUrl('http://host', 'expense-approval')).pathname;
const rpc = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });

it('neither in logs nor in the record nor in any answer', { timeout: 120_000 }, async () => {
  const keys = keysOn(ground.databaseUrl);
  const [key, revoked] = [await keys.make('app', 'admin'), await keys.make('gone', 'agents:invoke')];
  await keys.close();
  const [token, expired] = [await server.token(), await server.forge({ exp: 1 })];
  const agentToken = randomBytes(24).toString('hex');
  const webhook = { token: randomBytes(24).toString('hex'), credentials: randomBytes(24).toString('hex') };
  for (const [what, secret] of Object.entries({
    key,
    revoked,
    token,
    expired,
    'webhook token': webhook.token,
    'webhook credentials': webhook.credentials,
    'agent token': agentToken,
  })) {
    secrets.set(what, secret);
  }
  secrets.set('token signature', token.split('.')[2] ?? '');
  const credentials: Record<string, string>[] = [
    { 'x-api-key': key },
    { authorization: `Bearer ${token}` },
    { authorization: `Bearer ${expired}` },
    { authorization: `DPoP ${token}`, dpop: expired },
    { 'x-api-key': `${key}x` },
    { 'x-api-key': key, authorization: `Bearer ${token}` },
    { authorization: `Basic ${key}` },
  ];
  await ask(`/v1/admin/keys/${revoked.slice(0, 15)}/revoke`, { 'x-api-key': key }, {});
  credentials.push({ 'x-api-key': revoked });
  for (const headers of credentials) {
    const config = {
      url: 'https://192.0.2.1/hook',
      token: webhook.token,
      authentication: { scheme: 'Bearer', credentials: webhook.credentials },
    };
    const configuration = { taskPushNotificationConfig: config };
    await ask(path, headers, rpc('SendMessage', { message: userMessage('1,200 USD chair'), configuration }));
    await ask(path, headers, rpc('GetTask', { id: 'x' }));
    await ask(path, headers, '{"not": json');
    await ask(`${path}/rest/tasks`, headers);
    await ask('/orchestrator/a2a/v1/agents/search', headers, { query: 3 });
    await ask('/v1/agents/echo/invoke', headers, { message: 'hello', auth_token: agentToken });
    await ask('/v1/receipts', headers);
    await ask('/v1/admin/audit', headers);
    await ask('/readyz', headers);
    await ask('/metrics', headers);
  }
  const places = { answers, log: product.log(), record: await recordOf(ground.databaseUrl) };
  expect(places.record).toContain('key:app');
  expect(places.answers).toContain('TASK_STATE_INPUT_REQUIRED');
  const shown = Object.entries(places).flatMap(([place, text]) =>
    [...secrets].filter(([, secret]) => text.includes(secret)).map(([what]) => `${what} in ${place}`),
  );
  // A webhook's credentials are shown to its owner: the answer to who set them is no leak.
  expect(shown.filter((each) => !/^webhook .* in answers$/.test(each))).toEqual([]);
});

/** Every row of every table, as text. */
async function recordOf(url: string): Promise<string> {
  const db = openDatabase({ url });
  try {
    const tables = await db.$queryRaw<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public'`;
    const rows = await Promise.all(
      tables.map(({ name }) =>
        db.$queryRawUnsafe<{ row: string }[]>(`select t::text as row from "${name}" t`),
      ),
    );
    return rows
      .flat()
      .map(({ row }) => row)
      .join('\n');
  } finally {
    await db.$disconnect();
  }
}
