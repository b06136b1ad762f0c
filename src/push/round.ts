import type { TaskFeed } from '../tasks/ports.ts';
import type { PushStore, StoredConfig } from './ports.ts';

/** Webhooks of one task told at once. */
const AT_ONCE = 100;
/** More are looked for when so many places are free. */
const REFILL = 25;

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
        const room = AT_ONCE - this.#telling.size;
        const { version, configs } = await this.#options.store.behind(
          taskId,
          [...this.#telling.keys()],
          room,
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

  #tell(config: StoredConfig): void {
    const telling = this.#options
      .tell(config)
      .catch((error: unknown) => {
        this.#problem ??= { error };
        this.#look();
      })
      .finally(() => {
        this.#telling.delete(config.key);
        const free = AT_ONCE - this.#telling.size;
        if (this.#telling.size === 0 || free % REFILL === 0) this.#look();
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
