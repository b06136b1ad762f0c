import type { TaskFeed } from '../tasks/ports.ts';
import type { PushStore, StoredConfig } from './ports.ts';

/** Webhooks of one task told at once. */
const AT_ONCE = 100;
/** More are looked for when so many places are free. */
const REFILL = 25;
/** One that has not been told after so long gives its place to another, and is waited for beside them. */
const SLOW_MS = 1_000;
/** Slow ones of one task at once: what a task can keep open in a process has a bound. */
const MOST_SLOW = 500;

export interface RoundOptions {
  store: Pick<PushStore, 'behind'>;
  feed: TaskFeed;
  /** Tells one webhook what it has not heard. */
  tell(config: StoredConfig): Promise<void>;
}

/**
 * Tells the webhooks of one task side by side, so that a slow one holds none of the others, also not when the task
 * changes meanwhile.
 */
export class Round {
  readonly #options: RoundOptions;
  readonly #telling = new Map<string, Promise<void>>();
  /** Those of them that are slow. */
  readonly #slow = new Set<string>();
  #look: () => void = () => {};
  #problem: { error: unknown } | undefined;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** Resolves when none is behind that has not failed. @throws what `tell` throws, once all others are done. */
  async run(taskId: string, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    let watching: Promise<void> | undefined;
    try {
      for (;;) {
        const looked = new Promise<void>((resolve) => {
          this.#look = resolve;
        });
        const { version, configs } = await this.#options.store.behind(
          taskId,
          [...this.#telling.keys()],
          this.#room,
        );
        for (const config of configs) this.#tell(config);
        if (this.#telling.size === 0) break;
        watching ??= this.#watch(taskId, version, over.signal);
        await looked;
        if (this.#problem !== undefined || signal.aborted) break;
      }
    } finally {
      over.abort();
      await Promise.all([...this.#telling.values(), watching]);
    }
    if (this.#problem !== undefined) throw this.#problem.error;
  }

  get #room(): number {
    return AT_ONCE - (this.#telling.size - this.#slow.size);
  }

  #tell(config: StoredConfig): void {
    const timer = setTimeout(() => {
      if (this.#slow.size >= MOST_SLOW) return;
      this.#slow.add(config.key);
      this.#look();
    }, SLOW_MS);
    const telling = this.#options
      .tell(config)
      .catch((error: unknown) => {
        this.#problem ??= { error };
        this.#look();
      })
      .finally(() => {
        clearTimeout(timer);
        this.#telling.delete(config.key);
        this.#slow.delete(config.key);
        if (this.#telling.size === 0 || this.#room % REFILL === 0) this.#look();
      });
    this.#telling.set(config.key, telling);
  }

  /** Looks again with each change, while some are still being told of earlier ones. */
  async #watch(taskId: string, version: number, signal: AbortSignal): Promise<void> {
    try {
      const subscription = await this.#options.feed.subscribe(taskId, signal);
      for await (const _ of subscription.after(version)) this.#look();
    } catch {
      // Not told, it looks again when the others are done.
    }
  }
}
