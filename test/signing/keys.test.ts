import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { newSigningKey } from '../support/signing-key.ts';

const jwkOf = (): JWK => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as JWK;
const publicPart = ({ d: _, ...rest }: JWK): JWK => rest;
const parse = (text: string) => parseSigningKeys(text, 'SIGNING_KEY');

describe('keys as text', () => {
  it.each([
    ['a PEM block', newSigningKey()],
    ['a PEM block on one line', newSigningKey().replaceAll('\n', '\\n')],
    ['a JWK', JSON.stringify(jwkOf())],
    ['a JWK set', JSON.stringify({ keys: [jwkOf()] })],
    ['an array of JWKs', JSON.stringify([jwkOf()])],
  ])('%s signs, and its public part verifies', async (_shape, text) => {
    const { current, publicJwks } = await parse(text);
    expect(publicJwks).toHaveLength(1);
    const [jwk = {}] = publicJwks;
    expect(jwk).toEqual({
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.any(String),
      kid: current.kid,
      alg: 'EdDSA',
      use: 'sig',
    });
    const data = Buffer.from('signed');
    const signature = sign(null, data, current.privateKey);
    expect(verify(null, data, createPublicKey({ key: { ...jwk }, format: 'jwk' }), signature)).toBe(true);
    expect(current.kid).toBe(await calculateJwkThumbprint(jwk));
  });

  it('of several the first signs and all are published, in their order', async () => {
    const pems = [newSigningKey(), newSigningKey(), newSigningKey()];
    const { current, publicJwks } = await parse(pems.join('\n'));
    const alone = await Promise.all(pems.map(async (pem) => (await parse(pem)).current.kid));
    expect(publicJwks.map(({ kid }) => kid)).toEqual(alone);
    expect(current.kid).toBe(alone[0]);
  });

  it('an old key may be public, and a JWK may name its kid', async () => {
    const old = { ...publicPart(jwkOf()), kid: 'last-year' };
    const { publicJwks } = await parse(JSON.stringify({ keys: [jwkOf(), old] }));
    expect(publicJwks[1]).toMatchObject({ kid: 'last-year', x: old.x });
    const pem = createPublicKey(newSigningKey()).export({ type: 'spki', format: 'pem' });
    expect((await parse(`${newSigningKey()}${pem}`)).publicJwks).toHaveLength(2);
  });

  const twice = newSigningKey();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  it.each([
    ['no key', 'hunter2'],
    ['broken PEM', '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----'],
    ['broken JSON', '{"d": "hunter2"'],
    ['JSON that is no key', '{"kty": "oct", "k": "hunter2"}'],
    ['an empty set', '{"keys": []}'],
    ['another kind of key', rsa.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['a public key first', JSON.stringify(publicPart(jwkOf()))],
    ['one key twice', `${twice}${twice}`],
  ])('refuses %s without repeating it', async (_what, text) => {
    const refusal = await parse(text).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'config', field: 'SIGNING_KEY' });
    expect((refusal as Error).message).toMatch(/^SIGNING_KEY: [^\n]+$/);
    expect((refusal as Error).message).not.toContain('hunter2');
  });
});
