/** The invoke facade with tokens bound by DPoP (RFC 9449), as its document shows it, and with no others. */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvokeClient } from '../../src/client/index.ts';
import {
  AUDIENCE,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { asking, InvokeCaller } from '../support/invoke.ts';
import {
  killAllProducts,
  type Product,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';

const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const PUBLIC = 'https://agents.example.com';
const data = await temporaryDataDir();
let server: AuthorizationServer;
let product: Product;
let env: Record<string, string>;
let keys: { privateKey: CryptoKey; publicKey: CryptoKey };
let jwk: JWK;
let token: string;

beforeAll(async () => {
  server = await startAuthorizationServer();
  env = {
    DATA_DIR: data.path,
    WORKFLOWS,
    PUBLIC_URL: PUBLIC,
    AUTH_ISSUER: server.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    INVOKE_REQUIRE_DPOP: 'true',
  };
  product = await startProduct(env);
  keys = await generateKeyPair('ES256', { extractable: true });
  jwk = await exportJWK(keys.publicKey);
  const dpop = oauth.DPoP({ client_id: 'robot' } as oauth.Client, keys);
  token = await server.token({ dpop });
});

afterAll(async () => {
  await killAllProducts();
  await server.stop();
  await data.remove();
});

/** A proof for one request (§4.2). */
const proofFor = (method: string, url: string): Promise<string> =>
  new SignJWT({
    jti: randomUUID(),
    htm: method,
    htu: url,
    ath: createHash('sha256').update(token).digest('base64url'),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .setIssuedAt()
    .sign(keys.privateKey);

/** As the facade's document has it, with this host's address in the place of the document's. */
const EXAMPLE = `curl -X POST ${PUBLIC}/v1/a2a/invoke \\
-H "Authorization: DPoP $ACCESS_TOKEN" \\
-H "DPoP: $DPOP_PROOF" \\
-H "Content-Type: application/json" \\
-H "Idempotency-Key: $(uuidgen)" \\
-d '{
"jsonrpc": "2.0",
"method": "a2a.sendMessage",
"params": {
"agentId": "code-reviewer",
"message": {
"role": "user",
"parts": [{ "text": "Review PR #42 for security issues" }]
}
}
}'`;

// What the public address leads to elsewhere; and a uuidgen where there is none.
const PRELUDE = `set -e
curl() { command curl -sS "\${@/#${PUBLIC.replaceAll('/', '\\/')}/$HOST_URL}"; }
command -v uuidgen >/dev/null || uuidgen() { cat /proc/sys/kernel/random/uuid; }
`;

it('the document’s curl example runs as it stands', async () => {
  const { stdout } = await promisify(execFile)('bash', ['-c', PRELUDE + EXAMPLE], {
    env: {
      ...process.env,
      HOST_URL: product.url,
      ACCESS_TOKEN: token,
      DPOP_PROOF: await proofFor('POST', `${PUBLIC}/v1/a2a/invoke`),
    },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    jsonrpc: '2.0',
    result: {
      task: {
        agentId: 'code-reviewer',
        status: 'COMPLETED',
        messages: [
          { role: 'user', parts: [{ text: 'Review PR #42 for security issues' }] },
          { role: 'agent', parts: [{ text: 'Nothing wrong with: Review PR #42 for security issues' }] },
        ],
      },
    },
  });
});

it('the client makes a proof for each of its requests', async () => {
  const agents = new InvokeClient({
    url: product.url,
    headers: async ({ method, url }) => ({
      authorization: `DPoP ${token}`,
      dpop: await proofFor(method, url.replace(product.url, PUBLIC)),
    }),
  });
  const message = { role: 'user' as const, parts: [{ text: 'x' }] };
  const { id } = await agents.invoke({ agentId: 'caller', message });
  expect(await agents.list({ limit: 1 })).toMatchObject({ tasks: [{ id }] });
  for await (const task of agents.watch(id)) expect(task.status).toBe('COMPLETED');
});

it('no other credential is taken here, and all others elsewhere', async () => {
  const bearer = { authorization: `Bearer ${await server.token()}` };
  const { code, stdout } = await runProduct(
    ['--json', 'keys', 'create', '--name', 'one', '--scopes', 'agents:invoke'],
    env,
  );
  expect(code).toBe(0);
  const key = { 'x-api-key': JSON.parse(stdout).key };
  for (const headers of [bearer, key] as Record<string, string>[]) {
    const answer = await new InvokeCaller(product.url, headers).send(asking('caller', 'show'));
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ status: 401, message: 'A token bound by DPoP is needed' });
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token".*algs="/);
    const tasks = await fetch(`${product.url}/v1/a2a/tasks`, { headers });
    expect(tasks.status).toBe(401);
    const gateway = await fetch(`${product.url}/v1/agents/caller/tasks/list`, { method: 'POST', headers });
    expect(gateway.status).toBe(200);
  }
  const none = await new InvokeCaller(product.url).send(asking('caller', 'show'));
  expect(none.status).toBe(401);
  expect(none.headers.get('www-authenticate')).toMatch(/^DPoP realm="agent-host", algs="[\w ]+"$/);
});

it('INVOKE_REQUIRE_DPOP needs an issuer', async () => {
  const { code, stderr } = await runProduct(['start'], {
    DATA_DIR: `${data.path}/other`,
    INVOKE_REQUIRE_DPOP: 'true',
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/INVOKE_REQUIRE_DPOP: needs AUTH_ISSUER/);
});
