/** What is closed unless opened: other origins, forwarded addresses, headers and bodies without end. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrpcClient } from '../support/grpc.ts';
import {
  killAllProducts,
  type Product,
  runJson,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { type Answer, agentUrl, post, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const APP = 'https://app.example.com';
const data = await temporaryDataDir();
const env = {
  DATA_DIR: data.path,
  GRPC_PORT: '0',
  PUBLIC_URL: 'https://agents.example.com',
  CORS_ORIGINS: `${APP}, https://other.example.com`,
  TRUST_PROXY: '1',
};
let product: Product;
let key: string;
let card: string;

const command = (...args: string[]): Promise<Wire> => runJson(args, env);

beforeAll(async () => {
  ({ key } = await command('keys', 'create', '--name', 'app', '--scopes', 'agents:read,agents:invoke'));
  product = await startProduct(env);
  card = `${agentUrl(product.url, 'echo')}/.well-known/agent-card.json`;
}, 120_000);

afterAll(async () => {
  await killAllProducts();
  await data.remove();
});

describe('a page of another origin', () => {
  const preflight = (origin: string) =>
    fetch(agentUrl(product.url, 'echo'), {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,dpop',
      },
    });

  it('is let in when it is named: it may send what it needs, and read what it needs', async () => {
    const asked = await preflight(APP);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(APP);
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,content-type,dpop');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    const answer = await fetch(card, { headers: { origin: APP } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/DPoP-Nonce.*WWW-Authenticate/);
    expect(answer.headers.get('vary')).toMatch(/Origin/);
  });

  it('is not when it is not', async () => {
    expect(
      (await preflight('https://evil.example.com')).headers.get('access-control-allow-origin'),
    ).toBeNull();
    const answer = await fetch(card, { headers: { origin: 'https://evil.example.com' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('reads why it was refused, too', async () => {
    const answer = await fetch(agentUrl(product.url, 'echo'), { method: 'POST', headers: { origin: APP } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
  });
});

it('every answer tells browsers that it is no page', async () => {
  const refused = await fetch(agentUrl(product.url, 'echo'), { method: 'POST' });
  for (const { headers } of [refused, await fetch(card), await fetch(`${product.url}/healthz`)]) {
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy':
        "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringMatching(/^max-age=\d+/),
    });
    expect(headers.get('x-powered-by')).toBeNull();
  }
  expect(refused.headers.get('cache-control')).toBe('no-store');
});

describe('where a request comes from', () => {
  const lastRefused = async (address: string) =>
    until('the entry', async () => {
      const { entries } = await command('audit', '--event', 'login-refused');
      return entries.find((entry: Wire) => entry.address === address);
    });

  it('is what the trusted proxy says, in HTTP', async () => {
    const headers = { 'x-api-key': 'ak_wrong', 'x-forwarded-for': '203.0.113.9, 203.0.113.7' };
    await post(agentUrl(product.url, 'echo'), {}, headers);
    expect(await lastRefused('203.0.113.7')).toBeDefined();
  });

  it('and in gRPC', async () => {
    const { supportedInterfaces } = (await (await fetch(card)).json()) as Wire;
    const { url } = supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC');
    const grpc = new GrpcClient(`127.0.0.1:${url.split(':')[1]}`);
    try {
      const headers = { 'x-api-key': 'ak_wrong', 'x-forwarded-for': '203.0.113.8' };
      await grpc.refused('getTask', { tenant: 'echo', id: 'x' }, headers);
      expect(await lastRefused('203.0.113.8')).toBeDefined();
    } finally {
      grpc.close();
    }
  });
});

describe('a request without end', () => {
  const send = (message: Wire): Promise<Answer> => {
    const body = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } };
    return post(agentUrl(product.url, 'echo'), body, { 'x-api-key': key, 'a2a-version': '1.0' });
  };

  it('of headers: 431', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${'a'.repeat(40_000)}` };
      request(card, { headers }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(431);
  });

  // Node looks for those every 30 seconds.
  it.runIf(process.env.FULL).each(['GET /healthz HTTP/1.1\r\nHost: x\r\n', ''])(
    'of time: 408',
    { timeout: 120_000 },
    async (begun) => {
      const socket = connect(Number(new URL(product.url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(begun);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    },
  );

  it('of parts: names the field', async () => {
    const { body } = await send(userMessage('', { parts: Array(1_001).fill({ text: 'x' }) }));
    expect(body.error).toMatchObject({ code: -32602, message: expect.stringMatching(/^message\.parts/) });
  });

  it('of nesting: is refused, however deep', async () => {
    for (const depth of [101, 100_000]) {
      const text =
        '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"1","role":"ROLE_USER","parts":[{"data":';
      const body = `${text}${'['.repeat(depth)}${']'.repeat(depth)}}]}}}`;
      const answer = await post(agentUrl(product.url, 'echo'), body, {
        'x-api-key': key,
        'a2a-version': '1.0',
      });
      expect(answer.body.error).toMatchObject({ code: -32602, message: expect.stringMatching(/nested/) });
    }
  });
});
