import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** The channel on which processes tell each other what is worth no row. */
export const BULLETIN_CHANNEL = 'bulletin';

/**
 * What one process tells all of them, itself too, at once. Who is away at that moment does not hear it: nothing may
 * depend on it but how soon something is known.
 */
export class Bulletin {
  readonly #db: PrismaClient;
  readonly #listeners = new Map<string, (text: string) => void>();
  readonly #missed: (() => void)[] = [];

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  /** @throws HostError `unavailable`. */
  async tell(topic: string, text: string): Promise<void> {
    await reachable(() => this.#db.$executeRaw`select pg_notify(${BULLETIN_CHANNEL}, ${`${topic} ${text}`})`);
  }

  /** @param missed told when something may have been told that was not heard. */
  hear(topic: string, listener: (text: string) => void, missed?: () => void): void {
    this.#listeners.set(topic, listener);
    if (missed) this.#missed.push(missed);
  }

  /** What came over the channel. */
  heard(note: string): void {
    const [topic = ''] = note.split(' ', 1);
    this.#listeners.get(topic)?.(note.slice(topic.length + 1));
  }

  reconnected(): void {
    for (const missed of this.#missed) missed();
  }
}
