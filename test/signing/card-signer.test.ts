import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import canonicalize from 'canonicalize';
import { decodeProtectedHeader, flattenedVerify, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { cardSigner } from '../../src/signing/card-signer.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { agentOf, skillOf } from '../support/agents.ts';
import { newSigningKey } from '../support/signing-key.ts';

const canonicalJson = canonicalize as unknown as (value: unknown) => string;
const BASE = 'https://agents.example.com/base/';
const keys = await parseSigningKeys(newSigningKey(), 'SIGNING_KEY');
const [jwk = {} as JWK] = keys.publicJwks;

async function signedBook(): Promise<CardBook> {
  const catalog = new AgentCatalog([
    agentOf('plain', { skills: [skillOf({ examples: [] })] }),
    agentOf('with-input', {
      input: z.object({ notes: z.array(z.string()).default([]), none: z.object({}) }),
    }),
  ]);
  const book = new CardBook({ catalog, publicUrl: BASE, modifiedAt: new Date() });
  await book.sign(cardSigner(keys, BASE));
  return book;
}

const book = await signedBook();

const cardsOf = (code: string) => {
  const cards = book.get(code);
  if (cards === undefined) throw new Error('not published');
  return cards;
};

describe.each(['plain', 'with-input'])('the cards of %s', (code) => {
  const { v1, v03, sdkCard } = cardsOf(code);
  const verify = verifyAgentCardSignature(async (kid) => {
    if (kid !== jwk.kid) throw new Error('unknown key');
    return jwk;
  });

  it('the v1.0 one is accepted by the SDK, as it is served and as its handlers have it (§8.4.3)', async () => {
    await verify(AgentCard.fromJSON(JSON.parse(v1.body)));
    await verify(sdkCard);
  });

  it('a changed one is not', async () => {
    const changed = { ...JSON.parse(v1.body), description: 'Another.' };
    await expect(verify(AgentCard.fromJSON(changed))).rejects.toThrow(/no valid signatures/i);
  });

  it('the v0.3 one verifies over its canonical JSON', async () => {
    const { signatures, ...card } = JSON.parse(v03.body);
    const payload = Buffer.from(canonicalJson(card)).toString('base64url');
    const verified = await flattenedVerify({ ...signatures[0], payload }, await importJWK(jwk));
    expect(verified.protectedHeader).toMatchObject({ alg: 'EdDSA' });
  });

  it('name the key and where it is published (§8.4.2)', () => {
    for (const { json } of [v1, v03]) {
      const [signature] = json.signatures as [{ protected: string }];
      expect(decodeProtectedHeader(signature)).toEqual({
        alg: 'EdDSA',
        typ: 'JOSE',
        kid: jwk.kid,
        jku: 'https://agents.example.com/base/.well-known/jwks.json',
      });
    }
  });

  it('keep their ETag when they are signed again', async () => {
    const again = (await signedBook()).get(code);
    expect([again?.v1.etag, again?.v03.etag]).toEqual([v1.etag, v03.etag]);
  });
});
