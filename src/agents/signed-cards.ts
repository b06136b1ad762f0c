import { AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk';
import canonicalize from 'canonicalize';
import { type AgentCards, cardDocument } from './cards.ts';

// Its types speak of a default export that Node does not see behind the CommonJS module.
const canonicalJson = canonicalize as unknown as (value: unknown) => string;

/** A JWS without its payload, which is the card (A2A v1.0 §4.4.7, v0.3 §5.5.6). */
interface CardSignature {
  protected: string;
  signature: string;
}

/** Signs the canonical JSON of a card. */
export type CardSigner = (canonical: string) => Promise<CardSignature>;

/**
 * The same cards with a signature each: of the v1.0 card over the canonical form of A2A v1.0 §8.4.1, of the
 * v0.3 one, for which the protocol names none, over its canonical JSON (RFC 8785) without `signatures`.
 */
export async function signedCards(cards: AgentCards, sign: CardSigner): Promise<AgentCards> {
  const [v1, v03] = await Promise.all([
    sign(canonicalizeAgentCard(cards.sdkCard)),
    sign(canonicalJson(cards.v03.json)),
  ]);
  const signedV1 = { ...cards.v1.json, signatures: [v1] };
  return {
    v1: cardDocument(signedV1),
    v03: cardDocument({ ...cards.v03.json, signatures: [v03] }),
    sdkCard: AgentCard.fromJSON(signedV1),
    lastModified: cards.lastModified,
    limited: cards.limited,
    ...(cards.extended && { extended: await signedCards(cards.extended, sign) }),
  };
}
