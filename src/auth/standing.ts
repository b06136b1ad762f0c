/** How long it may go unnoticed where nobody tells of it. */
const ASK_EVERY_MS = 5_000;

interface Watched {
  holds(): Promise<boolean>;
  end(): void;
}

/**
 * Ends what is open once what it stands on holds no longer: a key revoked, a token expired, an agent blocked. Asks at
 * once when it is told that there is news, and now and then besides.
 */
export class Standing {
  readonly #open = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #news = false;

  /** @returns what is to be called when it has ended by itself. */
  watch(holds: () => Promise<boolean>, end: () => void): () => void {
    const watched = { holds, end };
    this.#open.add(watched);
    this.#timer ??= setInterval(() => void this.#ask(), ASK_EVERY_MS).unref();
    return () => this.#forget(watched);
  }

  /** Something may hold no longer. */
  news(): void {
    this.#news = this.#asking !== undefined;
    void this.#ask();
  }

  #forget(watched: Watched): void {
    this.#open.delete(watched);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askAll().finally(() => {
      this.#asking = undefined;
      if (!this.#news) return;
      this.#news = false;
      void this.#ask();
    });
    return this.#asking;
  }

  /** One after the other, so that many streams make no rush; those of one key share what was read of it. */
  async #askAll(): Promise<void> {
    for (const watched of [...this.#open]) {
      // What cannot be found out now is asked again.
      const holds = await watched.holds().catch(() => true);
      if (holds || !this.#open.has(watched)) continue;
      this.#forget(watched);
      watched.end();
    }
  }
}
