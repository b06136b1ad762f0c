import { tooMany } from '../../errors.ts';
import type { Caller } from '../caller.ts';
import type { Standing } from '../standing.ts';
import type { Capacity } from './capacity.ts';

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

/** No agent's code. */
const NO_AGENT = '';

/** An agent whose stream it is. */
export interface StreamedAgent {
  code: string;
  /** Who offers it; the host, when absent. */
  provider?: string | undefined;
}

/** What streams stand on, for as long as they are open. */
export interface StreamGrounds {
  credentials: Standing;
  agents: Standing;
  /** Whether the agent is switched off, as of now. @throws HostError `unavailable`. */
  isOff(agent: StreamedAgent): Promise<boolean>;
}

/** A stream that may be open until `signal` aborts; disposed of when it has ended. */
export interface OpenStream extends Disposable {
  signal: AbortSignal;
}

/** Streams at once, of each caller and to each agent. */
export class StreamLimits {
  readonly #slots: StreamSlots;
  readonly #limits: StreamLimitOptions;
  readonly #grounds: StreamGrounds;
  readonly #capacity: Pick<Capacity, 'admitStream' | 'waits'>;

  constructor(
    slots: StreamSlots,
    limits: StreamLimitOptions,
    { capacity, ...grounds }: StreamGrounds & { capacity: Pick<Capacity, 'admitStream' | 'waits'> },
  ) {
    this.#slots = slots;
    this.#limits = limits;
    this.#grounds = grounds;
    this.#capacity = capacity;
  }

  /**
   * To be called before a stream is opened.
   * @param signal aborts when the client has gone or the host stops; the stream's own also when its caller's credential
   * holds no longer, or its agent is switched off.
   * @throws HostError `too_many`, `unavailable`.
   */
  async open(caller: Caller, agent: StreamedAgent, signal: AbortSignal): Promise<OpenStream> {
    this.#capacity.admitStream();
    const release = await this.#slot(caller.id, agent.code, this.#limits);
    const ended = new AbortController();
    const end = () => ended.abort();
    const { credentials, agents, isOff } = this.#grounds;
    const forgetAgent = agents.watch(async () => !(await isOff(agent)), end);
    const forgetCaller = caller.holds && credentials.watch(caller.holds, end);
    return {
      signal: AbortSignal.any([signal, ended.signal]),
      [Symbol.dispose]: () => {
        forgetAgent();
        forgetCaller?.();
        release();
      },
    };
  }

  /**
   * The same for a stream that is no agent's: it counts with its caller's, and ends as others do with his credential.
   * @throws HostError `too_many`, `unavailable`.
   */
  async openToNone(caller: Caller, signal: AbortSignal): Promise<OpenStream> {
    this.#capacity.admitStream();
    const { perCaller } = this.#limits;
    const release = await this.#slot(caller.id, NO_AGENT, { perCaller, perAgent: undefined });
    this.#capacity.waits();
    const ended = new AbortController();
    const forget = caller.holds && this.#grounds.credentials.watch(caller.holds, () => ended.abort());
    return {
      signal: AbortSignal.any([signal, ended.signal]),
      [Symbol.dispose]: () => {
        forget?.();
        release();
      },
    };
  }

  async #slot(owner: string, agentCode: string, limits: StreamLimitOptions): Promise<() => void> {
    const { perCaller, perAgent } = limits;
    if (perCaller === undefined && perAgent === undefined) return () => {};
    const taken = await this.#slots.take({ owner, agentCode }, limits);
    if ('release' in taken) return () => taken.release();
    throw tooMany(
      taken.full === 'caller'
        ? `A caller may have ${perCaller} streams at once`
        : `The callers of an agent may have ${perAgent} streams at once`,
      RETRY_AFTER_S,
    );
  }
}
