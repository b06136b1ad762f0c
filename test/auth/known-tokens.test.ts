/** What is remembered of tokens and proofs changes nothing of which are taken. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Issuer } from '../../src/auth/oidc/issuer.ts';
import { KnownTokens } from '../../src/auth/oidc/known-tokens.ts';
import { ProofKeys } from '../../src/auth/oidc/proof-keys.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let keys: Pair;
let others: Pair;

beforeAll(async () => {
  [keys, others] = (await Promise.all([1, 2].map(() => generateKeyPair('ES256', { extractable: true })))) as [
    Pair,
    Pair,
  ];
});

const now = () => Math.floor(Date.now() / 1_000);

describe('an access token that was verified', () => {
  let current: Pair['publicKey'] | undefined;
  const keyFor: JWTVerifyGetKey = async () => {
    if (current === undefined) throw new Error('there is no such key');
    return current;
  };
  const tokenUntil = (exp: number) =>
    new SignJWT({ sub: 'robot', exp }).setProtectedHeader({ alg: 'ES256' }).sign(keys.privateKey);

  async function known(exp: number) {
    current = keys.publicKey;
    const tokens = new KnownTokens(keyFor);
    const token = await tokenUntil(exp);
    tokens.add(token, await jwtVerify(token, keyFor, { currentDate: new Date(0) }));
    return { tokens, token };
  }

  it('is known until it expires', async () => {
    const { tokens, token } = await known(now() + 60);
    expect((await tokens.find(token))?.payload.sub).toBe('robot');
    expect(await tokens.find(`${token}x`)).toBeUndefined();
    const old = await known(now() - 1);
    expect(await old.tokens.find(old.token)).toBeUndefined();
  });

  it('is verified anew once its issuer’s key is another one, and refused when there is none', async () => {
    const { tokens, token } = await known(now() + 60);
    current = others.publicKey;
    expect(await tokens.find(token)).toBeUndefined();
    const gone = await known(now() + 60);
    current = undefined;
    await expect(gone.tokens.find(gone.token)).rejects.toThrow('there is no such key');
  });
});

describe('a proof with a key that is known', () => {
  const proofOf = async (signer: Pair, shown: Pair, header: object = {}) =>
    new SignJWT({ jti: 'x' })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(shown.publicKey), ...header })
      .sign(signer.privateKey);

  async function knowing() {
    const proofs = new ProofKeys();
    const { thumbprint } = await proofs.verify(await proofOf(keys, keys), '');
    // Twice: once to make it known, once as known.
    for (let time = 0; time < 2; time++) {
      expect(await proofs.verify(await proofOf(keys, keys), thumbprint)).toMatchObject({
        thumbprint,
        payload: { jti: 'x' },
      });
    }
    return { proofs, thumbprint };
  }

  it('needs its signature all the same', async () => {
    const { proofs, thumbprint } = await knowing();
    await expect(proofs.verify(await proofOf(others, keys), thumbprint)).rejects.toThrow('signature');
    const [header, , signature] = (await proofOf(keys, keys)).split('.');
    const claims = Buffer.from(JSON.stringify({ jti: 'y' })).toString('base64url');
    await expect(proofs.verify(`${header}.${claims}.${signature}`, thumbprint)).rejects.toThrow('signature');
  });

  it('is told from one of another key, and one of another type', async () => {
    const { proofs, thumbprint } = await knowing();
    const other = await proofs.verify(await proofOf(others, others), thumbprint);
    expect(other.thumbprint).not.toBe(thumbprint);
    await expect(proofs.verify(await proofOf(keys, keys, { typ: 'JWT' }), thumbprint)).rejects.toThrow('typ');
    const jwk = await exportJWK(keys.privateKey);
    await expect(proofs.verify(await proofOf(keys, keys, { jwk }), thumbprint)).rejects.toThrow('public key');
  });
});

describe('an issuer that does not answer', () => {
  const MINUTE = 60_000;
  let answers = true;
  let published: [kid: string, pair: Pair][] = [];
  const server = createServer(async (req, res) => {
    if (!answers) {
      res.destroy();
      return;
    }
    const jwks = await Promise.all(
      published.map(async ([kid, pair]) => ({ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256' })),
    );
    const body = req.url?.startsWith('/jwks') ? { keys: jwks } : { issuer: url, jwks_uri: `${url}/jwks` };
    res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  let url = '';

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function known() {
    vi.useFakeTimers({ toFake: ['Date'] });
    answers = true;
    published = [['a', keys]];
    const issuer = new Issuer(url);
    const keyOf = (kid: string) => issuer.keyFor({ alg: 'ES256', kid }, { payload: '', signature: '' });
    await keyOf('a');
    const later = (ms: number) => void vi.setSystemTime(Date.now() + ms);
    return { keyOf, later };
  }

  it('has its known keys taken for a day, and of others nobody knows', async () => {
    const { keyOf, later } = await known();
    answers = false;
    for (const minutes of [11, 1, 30, 600, 700]) {
      later(minutes * MINUTE);
      expect(await keyOf('a')).toBeDefined();
      await expect(keyOf('b')).rejects.toMatchObject({ code: 'unavailable' });
    }
    later(120 * MINUTE);
    await expect(keyOf('a')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is believed at once when it answers again: new keys are known, those withdrawn are not', async () => {
    const { keyOf, later } = await known();
    answers = false;
    later(90 * MINUTE);
    expect(await keyOf('a')).toBeDefined();
    answers = true;
    published = [['b', others]];
    later(2 * MINUTE);
    await expect(keyOf('a')).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect(await keyOf('b')).toBeDefined();
  });
});
