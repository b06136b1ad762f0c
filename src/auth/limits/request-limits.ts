import { LRUCache } from 'lru-cache';
import { tooMany } from '../../errors.ts';

/** Counts requests a minute, for all processes together. */
export interface MinuteCounter {
  readonly limit: number;
  /**
   * Takes some of what a key may still use in its minute.
   * @returns how many were granted, none when it has used them all, and when its next minute begins.
   */
  take(key: string, wanted: number): Promise<{ granted: number; endsInMs: number }>;
}

/** What a process has taken of a key's minute and not used yet. */
interface Share {
  left: number;
  /** By the process's monotonic clock. */
  until: number;
  /** There is no more to be had until then. */
  used: boolean;
}

const KNOWN_KEYS = 10_000;
/** Of what a minute allows a process takes this part at a time, so that few requests ask the record. */
const SHARES = 20;

/** One limit: so many requests a minute for each key, whichever process they come to. */
class MinuteLimit {
  get limit(): number {
    return this.#counter.limit;
  }

  readonly #counter: MinuteCounter;
  readonly #share: number;
  readonly #shares = new LRUCache<string, Share>({ max: KNOWN_KEYS });
  readonly #taking = new Map<string, Promise<void>>();

  constructor(counter: MinuteCounter) {
    this.#counter = counter;
    this.#share = Math.max(1, Math.floor(counter.limit / SHARES));
  }

  /** Undefined when it may pass at once. @throws HostError `too_many`, also as a rejection. */
  use(key: string, count: number, what: string): Promise<void> | undefined {
    const share = this.#shares.get(key);
    const now = performance.now();
    if (share !== undefined && share.until > now) {
      if (share.left >= count) {
        share.left -= count;
        return undefined;
      }
      if (share.used) {
        const message = `${what} may make ${this.#counter.limit} requests a minute`;
        throw tooMany(message, Math.max(1, Math.ceil((share.until - now) / 1_000)));
      }
    }
    return this.#taken(key, count).then(() => this.use(key, count, what));
  }

  /** One asks for all who wait. */
  #taken(key: string, count: number): Promise<void> {
    const known = this.#taking.get(key);
    if (known !== undefined) return known;
    const taking = this.#take(key, count).finally(() => this.#taking.delete(key));
    this.#taking.set(key, taking);
    return taking;
  }

  async #take(key: string, count: number): Promise<void> {
    const wanted = Math.max(this.#share, count);
    const { granted, endsInMs } = await this.#counter.take(key, wanted);
    const now = performance.now();
    const share = this.#shares.get(key);
    const left = share !== undefined && share.until > now ? share.left : 0;
    this.#shares.set(key, { left: left + granted, until: now + endsInMs, used: granted < wanted });
  }
}

export interface RequestLimitOptions {
  perCaller: MinuteCounter | undefined;
  perAgent: MinuteCounter | undefined;
  /** Whether there is such an agent for this caller: nothing else is counted. */
  sees(code: string, caller: RequestOf): boolean;
}

interface RequestOf {
  id: string;
  scopes: ReadonlySet<string>;
}

/** Requests a minute, of each caller and to each agent. */
export class RequestLimits {
  readonly #perCaller: MinuteLimit | undefined;
  readonly #perAgent: MinuteLimit | undefined;
  readonly #sees: RequestLimitOptions['sees'];

  constructor({ perCaller, perAgent, sees }: RequestLimitOptions) {
    this.#perCaller = perCaller && new MinuteLimit(perCaller);
    this.#perAgent = perAgent && new MinuteLimit(perAgent);
    this.#sees = sees;
  }

  /**
   * Counts requests of a caller, and to an agent when one is named. Returns nothing to wait for while the process
   * has taken enough.
   * @throws HostError `too_many`, also as a rejection.
   */
  count(caller: RequestOf, agent: string | undefined, requests = 1): Promise<void> | undefined {
    const own = this.#perCaller?.use(caller.id, requests, 'A caller');
    return own === undefined
      ? this.countAgent(caller, agent, requests)
      : own.then(() => this.countAgent(caller, agent, requests));
  }

  /** More at once can never pass. */
  get most(): number {
    return Math.min(this.#perCaller?.limit ?? Infinity, this.#perAgent?.limit ?? Infinity);
  }

  /** The same to an agent alone, of a caller whose request is counted already. */
  countAgent(caller: RequestOf, agent: string | undefined, requests = 1): Promise<void> | undefined {
    if (this.#perAgent === undefined || agent === undefined || !this.#sees(agent, caller)) return undefined;
    return this.#perAgent.use(agent, requests, 'The callers of an agent together');
  }
}
