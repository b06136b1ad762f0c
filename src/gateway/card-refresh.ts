import type { Logger } from 'pino';
import { canonicalBytes } from '../receipts/canonical.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import type { GatewayAgent, RemoteAgent } from './agents.ts';

/** An agent elsewhere. */
export type PublishedElsewhere = GatewayAgent & { remote: RemoteAgent };

/** A card as it was fetched, its signature checked. */
export type FetchedCard = Pick<RemoteAgent, 'card' | 'signed'>;

/** A card that cannot be taken. */
export interface UnusableCard {
  /** For who may see the agent: no address, nothing of what lies there. */
  problem: string;
  cause: unknown;
}

/** The cards on record. */
export interface CardRecords {
  /** Those not looked at for so long, the longest ago first: from now on they are looked at. */
  due(ageMs: number, limit: number): Promise<PublishedElsewhere[]>;
  /** Keeps the card as it now is; of a change the audit log keeps which fields changed. */
  take(agent: PublishedElsewhere, fetched: FetchedCard, changed: string[]): Promise<void>;
  /** Keeps why the card on record was not replaced. */
  refuse(agent: PublishedElsewhere, problem: string): Promise<void>;
}

export interface CardRefreshOptions {
  records: CardRecords;
  fetchCard(url: string, allowPrivate: boolean): Promise<FetchedCard | UnusableCard>;
  /** How old a card may be. */
  ageMs: number;
  log: Logger;
}

/** Fetched at once, so that one that is away does not stand in the way of the others. */
const AT_ONCE = 20;
/** A sweep takes up no more after this; what is left is the next one's. */
const SWEEP_MS = 20_000;

/**
 * Fetches again the cards of agents elsewhere that are old. What is wrong with one leaves the last good one in place: also
 * that its signature is not right any more, or that it has none any more.
 */
export async function refreshCards(options: CardRefreshOptions): Promise<void> {
  const { records, ageMs } = options;
  const end = performance.now() + SWEEP_MS;
  while (performance.now() < end) {
    const due = await records.due(ageMs, AT_ONCE);
    await Promise.all(due.map((agent) => refreshOne(agent, options)));
    if (due.length < AT_ONCE) return;
  }
}

async function refreshOne(
  agent: PublishedElsewhere,
  { records, fetchCard, log }: CardRefreshOptions,
): Promise<void> {
  const { agentId, remote } = agent;
  const fetched = checked(remote, await fetchCard(remote.cardUrl, remote.allowPrivate));
  if ('problem' in fetched) {
    const { problem, cause } = fetched;
    log.warn({ agent: agentId, problem, err: cause }, 'the card of an agent elsewhere is not taken over');
    await records.refuse(agent, problem);
    return;
  }
  const changed = changedFields(remote.card, fetched.card);
  if (changed.length > 0) log.info({ agent: agentId, changed }, 'the card of an agent elsewhere has changed');
  await records.take(agent, fetched, changed);
}

/** A card that was signed stays so: who can change what lies there could otherwise just leave the signature away. */
function checked(known: RemoteAgent, fetched: FetchedCard | UnusableCard): FetchedCard | UnusableCard {
  if ('problem' in fetched || fetched.signed || !known.signed) return fetched;
  return { problem: 'the card is not signed any more', cause: undefined };
}

/** The card's fields that are others than before; a signature is none of what it says. */
export function changedFields(before: JsonObject, after: JsonObject): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  names.delete('signatures');
  return [...names].filter((name) => textOf(before[name]) !== textOf(after[name])).sort();
}

const textOf = (value: unknown): string => Buffer.from(canonicalBytes(value)).toString();
