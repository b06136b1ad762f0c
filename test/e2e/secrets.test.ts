/** A secret never appears: the logs, the record and the answers of a run are searched for every credential it used. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Message } from '@a2a-js/sdk';
import { Client, Connection } from '@temporalio/client';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { SecretBox } from '../../src/secrets/box.ts';
import { openDatabase } from '../../src/storage/client.ts';
import {
  AUDIENCE,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { GrpcClient } from '../support/grpc.ts';
import { keysOn } from '../support/keys.ts';
import { startModel, type TestModel } from '../support/model.ts';
import { killAllProducts, type Product, runProduct, startProduct } from '../support/product.ts';
import { agentUrl, userMessage, type Wire } from '../support/rpc.ts';

let server: AuthorizationServer;
let ground: TestGround;
let product: Product;
let grpc: GrpcClient;
let model: TestModel;
let grpcAddress: string;
/** By what they are. */
const secrets = new Map<string, string>();
let answers = '';
/** Where a good proof was not taken: what is never looked at cannot leak. */
const refusedProofs: string[] = [];

beforeAll(async () => {
  [server, ground] = await Promise.all([startAuthorizationServer(), startGround()]);
  const port = await freePort();
  grpcAddress = `127.0.0.1:${port}`;
  grpc = new GrpcClient(grpcAddress);
  // It repeats what it was shown, as some do.
  model = await startModel(({ authorization }) => ({ status: 401, body: `wrong key: ${authorization}` }));
  const modelKey = randomBytes(24).toString('hex');
  secrets.set('model key', modelKey);
  product = await startProduct({
    ...ground.env,
    MODEL_URL: model.url,
    MODEL_NAME: 'test-model',
    MODEL_KEY: modelKey,
    GRPC_PORT: String(port),
    AUTH_ISSUER: server.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    LOG_LEVEL: 'trace',
  });
}, 120_000);

afterAll(async () => {
  grpc.close();
  await killAllProducts();
  await model.close();
  await server.stop();
  await ground.stop();
});

type Headers = Record<string, string>;
/** What a caller shows; a proof is of one request. */
type Credential = Headers | ((method: string, url: string) => Promise<Headers>);

async function ask(path: string, credential: Credential, body?: unknown, more: Headers = {}): Promise<Wire> {
  const method = body === undefined ? 'GET' : 'POST';
  const shown =
    typeof credential === 'function' ? await credential(method, `${product.url}${path}`) : credential;
  const response = await fetch(`${product.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...shown, ...more },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (typeof credential === 'function' && response.status === 401) refusedProofs.push(path);
  answers += `${JSON.stringify([...response.headers])}\n${text}\n`;
  return text.startsWith('{') ? JSON.parse(text) : text;
}

async function askGrpc(credential: Credential, request: Wire): Promise<void> {
  const url = `http://${grpcAddress}/lf.a2a.v1.A2AService/SendMessage`;
  const shown = typeof credential === 'function' ? await credential('POST', url) : credential;
  const answer = await grpc.call('sendMessage', request, shown).catch((error) => {
    if (typeof credential === 'function') refusedProofs.push(`gRPC: ${error}`);
    return { error, text: String(error), metadata: error.metadata?.getMap() };
  });
  answers += `${JSON.stringify(answer)}\n`;
}

/** A token bound to a key, a proof of each request by it, and what of it must not be seen. */
async function boundCredential(): Promise<Exclude<Credential, Headers>> {
  const keys = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(keys.publicKey);
  const dpop = oauth.DPoP({ client_id: 'robot' } as oauth.Client, keys);
  const token = await server.token({ dpop });
  secrets.set('bound token', token);
  secrets.set('bound token signature', token.split('.')[2] ?? '');
  return async (htm, htu) => {
    const ath = createHash('sha256').update(token).digest('base64url');
    const proof = await new SignJWT({ jti: randomUUID(), htm, htu, ath })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(keys.privateKey);
    secrets.set(`proof of ${htm} ${htu}`, proof);
    return { authorization: `DPoP ${token}`, dpop: proof };
  };
}

/** All that is in it, bytes as the text that they are. */
const textIn = (value: unknown): string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return value instanceof Object ? Object.values(value).map(textIn).join('\n') : String(value);
};

const path = new URL(agentUrl('http://host', 'expense-approval')).pathname;
const rpc = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });

it('neither in logs nor in the record nor in any answer', { timeout: 120_000 }, async () => {
  const keys = keysOn(ground.databaseUrl);
  const [key, revoked] = [await keys.make('app', 'admin'), await keys.make('gone', 'agents:invoke')];
  await keys.close();
  const [token, expired] = [await server.token(), await server.forge({ exp: 1 })];
  const agentToken = randomBytes(24).toString('hex');
  const stored = randomBytes(24).toString('hex');
  const webhook = { token: randomBytes(24).toString('hex'), credentials: randomBytes(24).toString('hex') };
  for (const [what, secret] of Object.entries({
    key,
    revoked,
    token,
    expired,
    'webhook token': webhook.token,
    'webhook credentials': webhook.credentials,
    'agent token': agentToken,
    'stored credential': stored,
  })) {
    secrets.set(what, secret);
  }
  secrets.set('token signature', token.split('.')[2] ?? '');
  const credentials: Credential[] = [
    await boundCredential(),
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
    const params = { agentId: 'echo', message: { role: 'user', parts: [{ text: 'hello' }] } };
    await ask('/v1/a2a/invoke', headers, { jsonrpc: '2.0', id: 1, method: 'a2a.sendMessage', params });
    const tool = { name: 'echo', arguments: { message: 'hello' } };
    await ask('/mcp', headers, rpc('tools/call', tool), { accept: 'application/json, text/event-stream' });
    await askGrpc(headers, { tenant: 'echo', message: Message.fromJSON(userMessage('hello')) });
    for (const more of [
      {},
      { expires_at: new Date(Date.now() + 60_000).toISOString() },
      { token: `${stored}x` },
    ]) {
      const context = { provider_id: 'local', auth_model: 'bearer', token: stored, ...more };
      await ask('/v1/auth-contexts', headers, context, { 'idempotency-key': 'one-key' });
      await ask('/v1/auth-contexts', headers, context);
    }
    await ask('/v1/receipts', headers);
    await ask('/v1/admin/audit', headers);
    await ask('/readyz', headers);
    await ask('/metrics', headers);
  }
  const send = rpc('SendMessage', { message: userMessage('hello') });
  const { result } = await ask(path.replace('expense-approval', 'assistant'), { 'x-api-key': key }, send);
  const connection = await Connection.connect({ address: ground.temporalAddress });
  const { events } = await new Client({ connection }).workflow
    .getHandle(`agent-task/${result.task.id}`)
    .fetchHistory();
  await connection.close();
  const history = textIn(events);
  expect(history).toContain('The model answered with status 401');
  const places = { answers, history, log: product.log(), record: await recordOf(ground.databaseUrl) };
  expect(places.record).toContain('key:app');
  expect(places.answers).toContain('TASK_STATE_INPUT_REQUIRED');
  expect(refusedProofs).toEqual([]);
  const shown = Object.entries(places).flatMap(([place, text]) =>
    [...secrets].filter(([, secret]) => text.includes(secret)).map(([what]) => `${what} in ${place}`),
  );
  // A webhook's credentials are shown to its owner: the answer to who set them is no leak.
  expect(shown.filter((each) => !/^webhook .* in answers$/.test(each))).toEqual([]);
});

it('all of them come under a new key, while the host goes on', async () => {
  const [old = ''] = [ground.env.GATEWAY_SECRET_KEY];
  const made = randomBytes(32).toString('base64');
  const db = openDatabase({ url: ground.databaseUrl, poolSize: 1 });
  try {
    const sealed = async () =>
      [
        ...(await db.authContext.findMany()).map((row) => ({ is: 'auth context', text: row.sealed })),
        ...(await db.pushConfig.findMany()).map((row) => ({ is: 'webhook', text: row.secrets ?? '' })),
      ].filter(({ text }) => text !== '');
    const before = await sealed();
    expect(new Set(before.map(({ is }) => is))).toEqual(new Set(['auth context', 'webhook']));
    // One from before there were data keys, and one that nobody can open.
    const row = await db.authContext.findFirstOrThrow();
    const kept = { ...row, id: randomUUID(), sealed: 'lost-key.AAAA.AAAA' };
    await db.authContext.create({ data: kept });
    const rotate = (...keys: string[]) =>
      runProduct(['--json', 'secrets', 'rotate'], { ...ground.env, GATEWAY_SECRET_KEY: keys.join(',') });
    const first = await rotate(made, old);
    const { rewrapped, ...answer } = JSON.parse(first.stdout);
    expect({ code: first.code, ...answer }).toEqual({
      code: 1,
      key: expect.any(String),
      problems: [
        `auth-context/${row.providerId}/${kept.id}: a secret was sealed with key lost-key, which is not given`,
      ],
    });
    await db.authContext.delete({ where: { id: kept.id } });
    const only = new SecretBox([made]);
    // The host goes on: a webhook whose task has ended may be gone since they were counted.
    const after = await sealed();
    expect(new Set(after.map(({ text }) => text.split('.')[0]))).toEqual(new Set([only.keyId]));
    expect(new Set(after.map(({ is }) => is))).toEqual(new Set(['auth context', 'webhook']));
    expect(rewrapped).toBeGreaterThanOrEqual(after.length);
    expect(rewrapped).toBeLessThanOrEqual(before.length);
    // The old key is not needed any more.
    const { code, stdout } = await rotate(made);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 0,
      key: only.keyId,
      rewrapped: 0,
      problems: [],
    });
  } finally {
    await db.$disconnect();
  }
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
