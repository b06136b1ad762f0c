import type { Logger } from 'pino';
import { type CardRefreshOptions, refreshCards } from './gateway/card-refresh.ts';
import { GatewayError } from './gateway/gateway-error.ts';
import type { RegistryRoutesOptions } from './gateway/registry-routes.ts';
import { CardError, fetchCard } from './remote/fetch-card.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaRemoteCards } from './storage/remote-cards.ts';

type FetchTo = (agent: { allowPrivate: boolean }) => typeof fetch;

/** A card is small: one for which it takes longer is away. */
const CARD_WITHIN_MS = 15_000;

const inTime =
  (fetchImpl: typeof fetch): typeof fetch =>
  (input, init) =>
    fetchImpl(input, { ...init, signal: AbortSignal.timeout(CARD_WITHIN_MS) });

/** For who publishes an agent: what is wrong with its card, in full. */
export const cardFetcher =
  (fetchTo: FetchTo): RegistryRoutesOptions['fetchCard'] =>
  async (url, allowPrivate) => {
    try {
      const { card, json, signed } = await fetchCard(url, inTime(fetchTo({ allowPrivate })));
      const { name, description, version, skills } = card;
      return { name, description, version, skills, card: json, signed };
    } catch (error) {
      if (!(error instanceof CardError)) throw error;
      throw new GatewayError(422, 'unprocessable', `card_url: ${error.message}`, { cause: error });
    }
  };

/** One sweep over the cards that are older than `ageMs`. */
export function cardRefresh({
  db,
  fetchTo,
  ageMs,
  log,
}: {
  db: PrismaClient;
  fetchTo: FetchTo;
  ageMs: number;
  log: Logger;
}): () => Promise<void> {
  const records = new PrismaRemoteCards(db);
  const fetchAgain: CardRefreshOptions['fetchCard'] = async (url, allowPrivate) => {
    try {
      const { json, signed } = await fetchCard(url, inTime(fetchTo({ allowPrivate })));
      return { card: json, signed };
    } catch (error) {
      // Whatever is wrong with one, the others are fetched.
      if (!(error instanceof CardError)) return { problem: 'the card cannot be read', cause: error };
      // Whoever may see the agent is not told what lies at which address.
      const problem = error.away
        ? 'the card, or the keys that it is signed with, cannot be fetched'
        : error.message;
      return { problem, cause: error };
    }
  };
  return () => refreshCards({ records, fetchCard: fetchAgain, ageMs, log });
}
