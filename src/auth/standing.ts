import type { Caller } from './caller.ts';

/** How long a stream may outlive the credential that opened it. */
const ASK_EVERY_MS = 5_000;

interface Watched {
  holds(): Promise<boolean>;
  end(): void;
}

/** Ends what is open once the credential that opened it holds no longer: a key revoked, a token expired. */
export class Standing {
  readonly #open = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #asking = false;

  /** @returns what is to be called when it has ended by itself. */
  watch({ holds }: Pick<Caller, 'holds'>, end: () => void): () => void {
    if (holds === undefined) return () => {};
    const watched = { holds, end };
    this.#open.add(watched);
    this.#timer ??= setInterval(() => void this.#ask(), ASK_EVERY_MS).unref();
    return () => this.#forget(watched);
  }

  #forget(watched: Watched): void {
    this.#open.delete(watched);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One after the other, so that many streams make no rush; those of one key share what was read of it. */
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    for (const watched of [...this.#open]) {
      // What cannot be found out now is asked again.
      const holds = await watched.holds().catch(() => true);
      if (holds || !this.#open.has(watched)) continue;
      this.#forget(watched);
      watched.end();
    }
    this.#asking = false;
  }
}
