import type { Card } from './agents.ts';
import { request } from './http.ts';

export type SignatureVerdict =
  | { state: 'valid'; kid: string }
  | { state: 'invalid'; why: string }
  | { state: 'unsigned' }
  | { state: 'unchecked' };

interface KeySet {
  keys: ({ kid?: string; kty: string } & Record<string, unknown>)[];
}

let keySet: Promise<KeySet> | undefined;

/** The host's keys, asked for once; again when they could not be had. */
function hostKeys(): Promise<KeySet> {
  keySet ??= request<KeySet>('.well-known/jwks.json').catch((error: unknown) => {
    keySet = undefined;
    throw error;
  });
  return keySet;
}

/** Checks a card's signature here in the browser, against the keys that the host publishes (A2A v1.0 §8.4.3). */
export async function checkCard(card: Card): Promise<SignatureVerdict> {
  if (!card.signatures?.length) return { state: 'unsigned' };
  // Browsers keep their cryptography from pages that others could change.
  if (globalThis.crypto?.subtle === undefined) return { state: 'unchecked' };
  const { AgentCard, verifyAgentCardSignature } = await import('@a2a-js/sdk');
  let found = '';
  let missing: string | undefined;
  const verify = verifyAgentCardSignature(async (kid) => {
    const key = (await hostKeys()).keys.find((each) => each.kid === kid);
    if (key === undefined) {
      missing = `The host publishes no key ${kid}`;
      throw new Error(missing);
    }
    found = kid;
    return key;
  });
  try {
    await verify(AgentCard.fromJSON(card));
    return { state: 'valid', kid: found };
  } catch (error) {
    // The SDK only says that none of the signatures held.
    return { state: 'invalid', why: missing ?? (error instanceof Error ? error.message : String(error)) };
  }
}
