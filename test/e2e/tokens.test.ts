/** Access tokens of a real authorization server, Bearer (RFC 6750) and DPoP-bound (RFC 9449). */
import { createHash, randomUUID } from 'node:crypto';
import {
  Client,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import {
  AUDIENCE,
  type AuthorizationServer,
  INSECURE,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { GrpcClient } from '../support/grpc.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { type Answer, agentUrl, olderMessage, post, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

/** Where clients reach the hosts, as they all are told. */
const PUBLIC = 'https://agents.example.com';
const PATH = '/orchestrator/a2a/v1/echo';
let server: AuthorizationServer;
let ground: TestGround;
let host: Product;
let second: Product;
let strict: Product;
let db: PrismaClient;

/** Two proofs in the record, of which one may go. */
const [PAST, HELD] = [new Uint8Array([1]), new Uint8Array([2])];
const noted = (digest: Uint8Array<ArrayBuffer>) => db.dpopProof.count({ where: { digest } });

beforeAll(async () => {
  [server, ground] = await Promise.all([startAuthorizationServer(), startGround()]);
  const env = {
    ...ground.env,
    PUBLIC_URL: PUBLIC,
    AUTH_ISSUER: server.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_CLOCK_SKEW: '5',
  };
  host = await startProduct({ ...env, GRPC_PORT: '0' });
  db = openDatabase({ url: ground.databaseUrl });
  const soon = Date.now() + 600_000;
  await db.dpopProof.create({ data: { digest: PAST, expiresAt: new Date(Date.now() - 1_000) } });
  await db.dpopProof.create({ data: { digest: HELD, expiresAt: new Date(soon) } });
  second = await startProduct({ ...env, ROLE: 'host' });
  strict = await startProduct({ ...env, ROLE: 'host', DPOP_NONCE: 'required', GRPC_PORT: '0' });
});

afterAll(async () => {
  await db.$disconnect();
  await killAllProducts();
  await server.stop();
  await ground.stop();
});

const GET = { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { id: 'x' } };
const call = (headers: Record<string, string>, at = host): Promise<Answer> =>
  post(agentUrl(at.url, 'echo'), GET, headers);
const bearer = (token: string, at = host) => call({ authorization: `Bearer ${token}` }, at);

/** The error that the challenges tell. */
const errorOf = ({ headers }: Answer): string | undefined =>
  /(\w+) realm="agent-host", error="(\w+)"/
    .exec(headers.get('www-authenticate') ?? '')
    ?.slice(1)
    .join(' ');

describe('a Bearer token', () => {
  it('lets its subject in, with the scopes it has', async () => {
    const { status, body } = await bearer(await server.token());
    expect({ status, code: body.error.code }).toEqual({ status: 200, code: -32001 });
    const narrow = await bearer(await server.token({ scope: 'receipts:read' }));
    expect(narrow.status).toBe(403);
    expect(errorOf(narrow)).toBe('Bearer insufficient_scope');
  });

  // Before other refusals: of one address the log takes ten a minute.
  it('that expired is told in the audit log with its subject', async () => {
    const subject = randomUUID();
    await bearer(await server.forge({ sub: subject, exp: Math.floor(Date.now() / 1_000) - 60 }));
    const caller = `${server.issuer}#${subject}`;
    await until('the entry', async () => (await db.auditEntry.findFirst({ where: { caller } })) ?? undefined);
  });

  it('is the caller that its tasks belong to', async () => {
    const token = await server.token();
    const send = { ...GET, method: 'message/send', params: { message: olderMessage('hello') } };
    const url = agentUrl(host.url, 'echo');
    const sent = await post(url, send, { authorization: `Bearer ${token}` });
    const get = { ...GET, params: { id: sent.body.result.id } };
    const as = async (subject: string) =>
      (
        await post(url, get, {
          authorization: `Bearer ${await server.forge({ sub: subject, scope: 'agents:invoke' })}`,
        })
      ).body;
    expect((await as('robot')).result.status.state).toBe('completed');
    expect((await as('somebody else')).error.code).toBe(-32001);
  });

  it('may carry its scopes as a list, and another type than RFC 9068’s', async () => {
    const token = await server.forge({ scope: ['agents:invoke'] }, { typ: 'JWT' });
    expect((await bearer(token)).status).toBe(200);
  });

  it('that expires ends the streams that it opened', async () => {
    const exp = now() - 2;
    const authorization = `Bearer ${await server.forge({ exp })}`;
    const url = agentUrl(host.url, 'expense-approval');
    const send = { ...GET, method: 'message/send', params: { message: olderMessage('900 USD desk') } };
    const { body } = await post(url, send, { authorization });
    const stream = await fetch(`${host.url}/v1/a2a/tasks/${body.result.id}/stream`, {
      headers: { authorization },
    });
    expect(await stream.text()).toMatch(/^id: \d+\ndata: .*"INPUT_REQUIRED".*\n\n$/);
  });

  const now = () => Math.floor(Date.now() / 1_000);
  const key = async (): Promise<JWK> => {
    const { kty, crv, x, y } = server.key;
    return { kty, crv, x, y } as JWK;
  };
  const REFUSED: [string, () => Promise<string>][] = [
    ['expired', () => server.forge({ exp: now() - 6 })],
    ['without an end', () => server.forge({ exp: undefined as never })],
    ['not yet valid', () => server.forge({ nbf: now() + 60 })],
    ['for another audience', () => server.forge({ aud: 'urn:other' })],
    ['of another issuer', () => server.forge({ iss: 'https://issuer.example.com' })],
    ['without a subject', () => server.forge({ sub: undefined as never })],
    ['of a subject with a NUL', () => server.forge({ sub: 'a\u0000b' })],
    ['of a subject with half a character', () => server.forge({ sub: 'a\ud800' })],
    ['that is a proof', () => server.forge({}, { typ: 'dpop+jwt' })],
    [
      'with alg none',
      async () =>
        new UnsecuredJWT({
          iss: server.issuer,
          aud: AUDIENCE,
          sub: 'robot',
          scope: 'admin',
          exp: now() + 60,
        }).encode(),
    ],
    [
      'with HS256 and the public key for a secret',
      async () =>
        new SignJWT({ iss: server.issuer, aud: AUDIENCE, sub: 'robot', scope: 'admin', exp: now() + 60 })
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: String(server.key.kid) })
          .sign(new TextEncoder().encode(JSON.stringify(await key()))),
    ],
    [
      'of a key that is not the issuer’s',
      async () =>
        new SignJWT({ iss: server.issuer, aud: AUDIENCE, sub: 'robot', scope: 'admin', exp: now() + 60 })
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(server.key.kid) })
          .sign((await generateKeyPair('ES256')).privateKey),
    ],
    ['bound to a key', async () => (await bound()).token],
    ['that is none', async () => 'abc'],
  ];

  it.each(REFUSED)('%s: 401 invalid_token', async (_, token) => {
    const answer = await bearer(await token());
    expect(answer.status).toBe(401);
    expect(errorOf(answer)).toBe('Bearer invalid_token');
    expect(answer.headers.get('www-authenticate')).toMatch(/DPoP realm="agent-host", algs="ES256 /);
  });

  it('within the clocks’ difference is taken', async () => {
    expect((await bearer(await server.forge({ exp: now() - 2 }))).status).toBe(200);
  });
});

interface Bound {
  token: string;
  keys: oauth.CryptoKeyPair;
  jwk: JWK;
}

async function bound(): Promise<Bound> {
  const keys = await generateKeyPair('ES256', { extractable: true });
  const dpop = oauth.DPoP({ client_id: 'robot' } as oauth.Client, keys);
  return { token: await server.token({ dpop }), keys, jwk: await exportJWK(keys.publicKey) };
}

interface ProofOptions {
  claims?: JWTPayload;
  header?: Record<string, unknown>;
}

const proofOf = ({ token, keys, jwk }: Bound, { claims, header }: ProofOptions = {}): Promise<string> =>
  new SignJWT({
    jti: randomUUID(),
    htm: 'POST',
    htu: `${PUBLIC}${PATH}`,
    iat: Math.floor(Date.now() / 1_000),
    ath: createHash('sha256').update(token).digest('base64url'),
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(keys.privateKey);

const withProof = (token: string, proof: string, at = host) =>
  call({ authorization: `DPoP ${token}`, dpop: proof }, at);

describe('a token bound to a key (RFC 9449)', () => {
  let mine: Bound;
  beforeAll(async () => {
    mine = await bound();
  });
  const now = () => Math.floor(Date.now() / 1_000);

  it('with a fresh proof is taken, whatever the case and the query of its URL', async () => {
    expect((await withProof(mine.token, await proofOf(mine))).status).toBe(200);
    const htu = `HTTPS://AGENTS.example.com:443${PATH.replace('echo', '%65cho')}?x=1#y`;
    expect((await withProof(mine.token, await proofOf(mine, { claims: { htu } }))).status).toBe(200);
  });

  it('a proof counts once, on every process', async () => {
    const proof = await proofOf(mine);
    expect((await withProof(mine.token, proof)).status).toBe(200);
    for (const at of [host, second]) {
      const again = await withProof(mine.token, proof, at);
      expect(again.status).toBe(401);
      expect(errorOf(again)).toBe('DPoP invalid_dpop_proof');
    }
  });

  it('of one proof sent at once to both processes one is taken', async () => {
    const proof = await proofOf(mine);
    const answers = await Promise.all(
      [host, second, host, second].map((at) => withProof(mine.token, proof, at)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });

  const REFUSED: [string, ProofOptions][] = [
    ['another method', { claims: { htm: 'GET' } }],
    ['another path', { claims: { htu: `${PUBLIC}/orchestrator/a2a/v1/other` } }],
    ['another host', { claims: { htu: `https://evil.example.com${PATH}` } }],
    ['another scheme', { claims: { htu: `http://agents.example.com${PATH}` } }],
    ['another token', { claims: { ath: createHash('sha256').update('x').digest('base64url') } }],
    ['no ath', { claims: { ath: undefined as never } }],
    ['an iat too far back', { claims: { iat: Math.floor(Date.now() / 1_000) - 120 } }],
    ['an iat in the future', { claims: { iat: Math.floor(Date.now() / 1_000) + 600 } }],
    ['no iat', { claims: { iat: undefined as never } }],
    ['no jti', { claims: { jti: undefined as never } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['no key', { header: { jwk: undefined } }],
  ];

  it.each(REFUSED)('a proof with %s: 401 invalid_dpop_proof', async (_, options) => {
    const answer = await withProof(mine.token, await proofOf(mine, options));
    expect(answer.status).toBe(401);
    expect(errorOf(answer)).toBe('DPoP invalid_dpop_proof');
  });

  it('a private key in a proof is refused', async () => {
    const jwk = await exportJWK(mine.keys.privateKey);
    expect(errorOf(await withProof(mine.token, await proofOf(mine, { header: { jwk } })))).toBe(
      'DPoP invalid_dpop_proof',
    );
  });

  it('no proof, and two of them', async () => {
    expect(errorOf(await call({ authorization: `DPoP ${mine.token}` }))).toBe('DPoP invalid_dpop_proof');
    const two = [await proofOf(mine), await proofOf(mine)].join(', ');
    expect(errorOf(await withProof(mine.token, two))).toBe('DPoP invalid_dpop_proof');
  });

  it('a proof of another key is refused', async () => {
    const other = await bound();
    const proof = await proofOf({ ...other, token: mine.token });
    expect(errorOf(await withProof(mine.token, proof))).toBe('DPoP invalid_token');
  });

  it('a token that is bound to no key is none of DPoP', async () => {
    const token = await server.token();
    expect(errorOf(await withProof(token, await proofOf({ ...mine, token })))).toBe('DPoP invalid_token');
  });

  it('what is refused is not noted: the same jti may still be used well', async () => {
    const jti = randomUUID();
    const bad = await proofOf(mine, { claims: { jti, htm: 'GET' } });
    expect((await withProof(mine.token, bad)).status).toBe(401);
    expect((await withProof(mine.token, await proofOf(mine, { claims: { jti } }))).status).toBe(200);
  });

  it('DPOP_NONCE=required: a proof without the host’s nonce gets one to use (§9)', async () => {
    const first = await withProof(mine.token, await proofOf(mine), strict);
    expect(first.status).toBe(401);
    expect(errorOf(first)).toBe('DPoP use_dpop_nonce');
    const nonce = first.headers.get('dpop-nonce') ?? '';
    expect((await withProof(mine.token, await proofOf(mine, { claims: { nonce } }), strict)).status).toBe(
      200,
    );
    const other = await withProof(mine.token, await proofOf(mine, { claims: { nonce: 'made up' } }), strict);
    expect(errorOf(other)).toBe('DPoP use_dpop_nonce');
  });

  it('a client of the RFC’s gets in by itself, nonce and all', async () => {
    const keys = await generateKeyPair('ES256', { extractable: true });
    const dpop = oauth.DPoP({ client_id: 'robot' } as oauth.Client, keys);
    const token = await server.token({ dpop });
    const request = () =>
      oauth.protectedResourceRequest(
        token,
        'POST',
        new URL(`${PUBLIC}${PATH}`),
        new Headers({ 'content-type': 'application/json' }),
        JSON.stringify(GET),
        {
          ...INSECURE,
          DPoP: dpop,
          // The name of the public URL is no name of this machine.
          [oauth.customFetch]: (url: string, init: Wire) => fetch(url.replace(PUBLIC, strict.url), init),
        },
      );
    const answer = await request().catch((error: unknown) => {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return request();
    });
    expect(answer.status).toBe(200);
  });

  it('its thumbprint is that of its key', async () => {
    const claims = JSON.parse(Buffer.from(mine.token.split('.')[1] ?? '', 'base64url').toString()) as Wire;
    expect(claims.cnf).toEqual({ jkt: await calculateJwkThumbprint(mine.jwk) });
    expect(claims.exp).toBeGreaterThan(now());
  });
});

it('cards name the issuer', async () => {
  const card = (await (await fetch(`${host.url}${PATH}/.well-known/agent-card.json`)).json()) as Wire;
  expect(card.securitySchemes.openIdConnect).toEqual({
    openIdConnectSecurityScheme: { openIdConnectUrl: `${server.issuer}/.well-known/openid-configuration` },
  });
  expect(Object.keys(card.securitySchemes)).toEqual(['apiKey', 'bearer', 'dpop', 'openIdConnect']);
  const older = (await (await fetch(`${host.url}${PATH}/.well-known/agent.json`)).json()) as Wire;
  expect(older.securitySchemes.openIdConnect).toMatchObject({ type: 'openIdConnect' });
  expect(older.security).toContainEqual({ openIdConnect: ['agents:read', 'agents:invoke'] });
  expect(older.authentication).toEqual({ schemes: ['ApiKey', 'Bearer', 'DPoP'] });
});

describe('a client that knows only the address finds the issuer (RFC 9728)', () => {
  const metadata = '/.well-known/oauth-protected-resource';
  const get = async (url: string): Promise<Wire> => (await fetch(url)).json();

  it.each([
    ['', PUBLIC],
    ['/mcp', `${PUBLIC}/mcp`],
  ])('of %j', async (path, resource) => {
    expect(await get(`${host.url}${metadata}${path}`)).toMatchObject({
      resource,
      authorization_servers: [server.issuer],
      scopes_supported: expect.arrayContaining(['agents:invoke']),
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    });
  });

  it('a refusal of MCP says where', async () => {
    const { status, headers } = await post(`${host.url}/mcp`, {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
    });
    expect(status).toBe(401);
    const challenge = headers.get('www-authenticate') ?? '';
    expect(challenge).toContain(`resource_metadata="${PUBLIC}${metadata}/mcp"`);
    expect((await call({})).headers.get('www-authenticate')).not.toContain('resource_metadata');
  });

  it('the official MCP client comes in by itself', async () => {
    const token = await server.token();
    const asked: string[] = [];
    const found: string[] = [];
    const transport = new StreamableHTTPClientTransport(new URL(`${PUBLIC}/mcp`), {
      // What the public address leads to.
      fetch: (url, init) => {
        asked.push(String(url));
        return fetch(String(url).replace(PUBLIC, host.url), init);
      },
      authProvider: {
        token: async () => (found.length === 0 ? undefined : token),
        onUnauthorized: async ({ response, fetchFn }) => {
          const { resourceMetadataUrl } = extractWWWAuthenticateParams(response);
          const { authorization_servers = [] } = await discoverOAuthProtectedResourceMetadata(
            `${PUBLIC}/mcp`,
            resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl },
            fetchFn,
          );
          found.push(...authorization_servers);
        },
      },
    });
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(transport);
    const { tools } = await client.listTools();
    await client.close();
    expect(found).toEqual([server.issuer]);
    expect(asked).toContain(`${PUBLIC}${metadata}/mcp`);
    expect(tools.map(({ name }) => name)).toContain('echo');
  });
});

describe('gRPC', () => {
  let grpc: GrpcClient;
  let port: string;
  beforeAll(async () => {
    const card = (await (await fetch(`${host.url}${PATH}/.well-known/agent-card.json`)).json()) as Wire;
    const { url } = card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC');
    port = url.split(':')[1];
    grpc = new GrpcClient(`127.0.0.1:${port}`);
  });
  afterAll(() => grpc.close());
  const getTask = (headers: Record<string, string>) =>
    grpc.refused('getTask', { tenant: 'echo', id: 'x' }, headers);

  it('takes a Bearer token', async () => {
    expect(await getTask({ authorization: `Bearer ${await server.token()}` })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await getTask({ authorization: 'Bearer a.b.c' })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('takes a proof for the address that cards name, the method’s path, and POST; once', async () => {
    const mine = await bound();
    const authorization = `DPoP ${mine.token}`;
    const htu = `${PUBLIC}:${port}/lf.a2a.v1.A2AService/GetTask`;
    const dpop = await proofOf(mine, { claims: { htu } });
    expect(await getTask({ authorization, dpop })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await getTask({ authorization, dpop })).toMatchObject({ code: 'UNAUTHENTICATED' });
    const other = await proofOf(mine, { claims: { htu: htu.replace('GetTask', 'CancelTask') } });
    const refused = await getTask({ authorization, dpop: other });
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED' });
    // With the status too, where most clients look.
    expect(refused.trailers.get('www-authenticate').join()).toMatch(
      /^Bearer realm="agent-host", ?DPoP .*error="invalid_dpop_proof"/,
    );
  });

  it('says which nonce a proof needs, with the status too', async () => {
    const card = (await (await fetch(`${strict.url}${PATH}/.well-known/agent-card.json`)).json()) as Wire;
    const { url } = card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC');
    const at = url.split(':')[1];
    const client = new GrpcClient(`127.0.0.1:${at}`);
    try {
      const mine = await bound();
      const ask = async (method: 'getTask' | 'subscribeToTask', nonce?: string) => {
        const path = method === 'getTask' ? 'GetTask' : 'SubscribeToTask';
        const claims = { htu: `${PUBLIC}:${at}/lf.a2a.v1.A2AService/${path}`, ...(nonce && { nonce }) };
        const dpop = await proofOf(mine, { claims });
        return client.refused(
          method,
          { tenant: 'echo', id: 'x' },
          { authorization: `DPoP ${mine.token}`, dpop },
        );
      };
      for (const method of ['getTask', 'subscribeToTask'] as const) {
        const first = await ask(method);
        expect(first.code).toBe('UNAUTHENTICATED');
        expect(first.trailers.get('www-authenticate').join()).toContain('error="use_dpop_nonce"');
        const [nonce] = first.trailers.get('dpop-nonce');
        expect(await ask(method, String(nonce))).toMatchObject({ code: 'NOT_FOUND' });
      }
    } finally {
      client.close();
    }
  });
});

it.runIf(process.env.FULL)(
  'proofs that could not be taken again anyway are forgotten',
  async () => {
    await until('the purge', async () => ((await noted(PAST)) === 0 ? true : undefined), 90_000);
    expect(await noted(HELD)).toBe(1);
  },
  120_000,
);

it('a key that the issuer has changed to is found, and the former one is gone', async () => {
  const former = await server.token();
  // One that was taken before is not taken longer.
  expect((await bearer(former)).status).toBe(200);
  await server.rotate();
  const token = await server.token();
  await until('the new key', async () => ((await bearer(token)).status === 200 ? true : undefined), 15_000);
  expect((await bearer(former)).status).toBe(401);
});

it('while the issuer is away tokens of known keys go on; of others it cannot be said, 503', async () => {
  const token = await server.token();
  expect((await bearer(token)).status).toBe(200);
  await server.stop();
  expect((await bearer(token)).status).toBe(200);
  // It has not seen the new key, and asks for it once it may again.
  await until('503', async () => ((await bearer(token, second)).status === 503 ? true : undefined), 10_000);
});
