import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import type { JsonObject } from '../receipts/receipt.ts';
import { cardProblem, isCallable } from './card-shape.ts';

export interface FetchedCard {
  card: AgentCard;
  /** A2A v1.0, as it is kept. */
  json: JsonObject;
  /** It carries a signature, and it is right. */
  signed: boolean;
}

/** A card that cannot be used; the message is for who named its URL. */
export class CardError extends Error {
  /** It could not be fetched at all: the message says where and why. */
  readonly away: boolean;

  constructor(message: string, { away = false, ...options }: ErrorOptions & { away?: boolean } = {}) {
    super(message, options);
    this.away = away;
  }
}

/**
 * Fetches a card, v1.0 or v0.3, and checks that an agent can be called by it. A signature must be right where there is
 * one, by a key that the card's own origin publishes.
 * @throws CardError
 */
export async function fetchCard(url: string, fetchImpl: typeof fetch): Promise<FetchedCard> {
  const resolver = new DefaultAgentCardResolver({
    fetchImpl: repaired(fetchImpl),
    legacyCompat: { enabled: true },
  });
  let card: AgentCard;
  try {
    // What a card leaves out is not there for the resolver either.
    card = { ...NOTHING, ...(await resolver.resolve(url, '')) };
  } catch (error) {
    if (error instanceof CardError) throw error;
    throw new CardError(`the card cannot be fetched: ${(error as Error).message}`, {
      cause: error,
      away: true,
    });
  }
  if (!card.name || !card.version) throw new CardError('the card has no name or no version');
  const callable = card.supportedInterfaces.filter(
    ({ protocolBinding, protocolVersion }) => BINDINGS.has(protocolBinding) && isCallable(protocolVersion),
  );
  if (callable.length === 0)
    throw new CardError('the card offers neither JSON-RPC nor HTTP+JSON of a version 1.0 or 0.3');
  const elsewhere = callable.find(({ url: at }) => !URL.canParse(at) || !/^https?:/.test(at));
  if (elsewhere !== undefined)
    throw new CardError('the card names an interface that is no http or https URL');
  const signed = card.signatures.length > 0;
  if (signed) await checkSignature(card, new URL(url).origin, fetchImpl);
  return { card, json: jsonOf(card), signed };
}

/** @throws CardError: the codec trips over what no shape foresees. */
function jsonOf(card: AgentCard): JsonObject {
  try {
    return AgentCard.toJSON(card) as JsonObject;
  } catch (error) {
    throw new CardError('the card cannot be kept', { cause: error });
  }
}

interface LeakedScheme {
  scheme?: { $case?: string; value?: unknown };
}

/** Servers on the protocol's JavaScript SDK write security schemes as they have them in memory. */
function repaired(fetchImpl: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetchImpl(input, init);
    if (!response.ok) return response;
    const given = await response.json();
    const problem = cardProblem(given);
    if (problem !== undefined) throw new CardError(problem);
    // What is null is not there, which the resolver takes amiss.
    const card = Object.fromEntries(Object.entries(given as object).filter(([, value]) => value !== null));
    const schemes: Record<string, LeakedScheme> = card.securitySchemes ?? {};
    for (const [name, { scheme }] of Object.entries(schemes)) {
      if (scheme?.$case !== undefined) card.securitySchemes[name] = { [scheme.$case]: scheme.value };
    }
    return Response.json(card);
  };
}

const NOTHING = {
  supportedInterfaces: [],
  securitySchemes: {},
  securityRequirements: [],
  skills: [],
  signatures: [],
};

const BINDINGS: ReadonlySet<string> = new Set(['JSONRPC', 'HTTP+JSON']);

async function checkSignature(card: AgentCard, origin: string, fetchImpl: typeof fetch): Promise<void> {
  let away: unknown;
  const keysAt = async (url: string) => {
    const response = await fetchImpl(url);
    if (!response.ok) throw new Error(`its keys are answered with ${response.status}`);
    return (await response.json()) as { keys?: { kid?: string }[] };
  };
  const verify = verifyAgentCardSignature(async (kid, jku) => {
    if (jku === undefined || new URL(jku).origin !== origin)
      throw new Error('its key is not the origin’s own');
    const { keys = [] } = await keysAt(jku).catch((error: unknown) => {
      away = error;
      throw error;
    });
    const key = keys.find((each) => each.kid === kid);
    if (key === undefined) throw new Error('its key is not published');
    return key as never;
  });
  try {
    await verify(card);
  } catch (error) {
    if (away !== undefined)
      throw new CardError('the keys that the card is signed with cannot be fetched', {
        cause: away,
        away: true,
      });
    throw new CardError('the card’s signature is not right', { cause: error });
  }
}
