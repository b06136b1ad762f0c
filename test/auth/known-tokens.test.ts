/** What is remembered of tokens and proofs changes nothing of which are taken. */
import { exportJWK, generateKeyPair, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
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
