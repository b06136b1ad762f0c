import { tooMany } from '../../errors.ts';

/** The open streams of all processes. */
export interface StreamSlots {
  /** Notes a stream, or says whose limit stands against it. @throws HostError `unavailable`. */
  take(stream: { owner: string; agentCode: string }, limits: StreamLimitOptions): Promise<SlotTaken>;
}

export type SlotTaken = { release(): void } | { full: 'caller' | 'agent' };

export interface StreamLimitOptions {
  perCaller: number | undefined;
  perAgent: number | undefined;
}

/** A stream ends when it does; there is no better guess than soon. */
const RETRY_AFTER_S = 5;

/** Streams at once, of each caller and to each agent. */
export class StreamLimits {
  readonly #slots: StreamSlots;
  readonly #limits: StreamLimitOptions;

  constructor(slots: StreamSlots, limits: StreamLimitOptions) {
    this.#slots = slots;
    this.#limits = limits;
  }

  /**
   * To be called before a stream is opened.
   * @returns what is to be called when it has ended.
   * @throws HostError `too_many`, `unavailable`.
   */
  async open(owner: string, agentCode: string): Promise<() => void> {
    const { perCaller, perAgent } = this.#limits;
    if (perCaller === undefined && perAgent === undefined) return () => {};
    const taken = await this.#slots.take({ owner, agentCode }, this.#limits);
    if ('release' in taken) return () => taken.release();
    throw tooMany(
      taken.full === 'caller'
        ? `A caller may have ${perCaller} streams at once`
        : `The callers of an agent may have ${perAgent} streams at once`,
      RETRY_AFTER_S,
    );
  }
}
