import { AsyncLocalStorage } from 'node:async_hooks';
import { unavailable } from '../../errors.ts';

export interface CapacityOptions {
  /** Requests that are worked on at once. */
  requests: number;
  /** Streams at once, and requests that wait for what others do. */
  streams: number;
}

/** A request from when it came until it is answered. */
export interface Place {
  /** Runs what belongs to the request. */
  run<T>(work: () => T): T;
  /** It waits for its client, until `resume`. @returns false when as many wait as may. */
  rest(): boolean;
  /** It is worked on from here on. @returns false when there is no place for it: it is to be refused. */
  resume(): boolean;
  end(): void;
}

/** What a request is told that there is no place for, to be said again in so many seconds. */
export const CROWDED = 'The host has as much to do as it takes; try again';
export const CROWDED_RETRY_S = '1';

/** What is not answered after so long waits for others, whoever they are. */
const WORK_MS = 10_000;

/**
 * What this process takes at once, whoever asks. What is above it is refused before anything is done for it: so what
 * was taken is answered in good time, and there is nothing to be caught up with later.
 */
export class Capacity {
  /** What was refused since the process began. */
  readonly refused = { request: 0, stream: 0, task: 0 };
  readonly #most: CapacityOptions;
  /** With when they came, the oldest first. */
  readonly #working = new Map<Place, number>();
  readonly #waiting = new Set<Place>();
  /** Of those that work the ones that have a place to wait already: a stream that is being opened. */
  readonly #promised = new Set<Place>();
  readonly #current = new AsyncLocalStorage<Place>();

  constructor(most: CapacityOptions) {
    this.#most = most;
  }

  /** Requests that are worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** Streams, and requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a request that has come is to be refused: there is no place for it. */
  refuses(): boolean {
    const now = performance.now();
    for (const [place, since] of this.#working) {
      if (now - since < WORK_MS) break;
      this.#rest(place);
    }
    const full = this.#working.size >= this.#most.requests;
    if (full) this.refused.request += 1;
    return full;
  }

  /** A place for a request that has come; undefined when it is to be refused. */
  enter(): Place | undefined {
    if (this.refuses()) return undefined;
    const place: Place = {
      run: (work) => this.#current.run(place, work),
      rest: () => this.#rest(place),
      resume: () => this.#resume(place),
      end: () => {
        this.#working.delete(place);
        this.#waiting.delete(place);
        this.#promised.delete(place);
      },
    };
    this.#working.set(place, performance.now());
    return place;
  }

  /**
   * The request that runs now only waits from here on: for a workflow, for an agent elsewhere, for a stream's end.
   * @returns false when as many wait as may: it is to be answered without, or counts as work.
   */
  waits(): boolean {
    const place = this.#current.getStore();
    return place === undefined || this.#rest(place);
  }

  /** A new task was refused by who would do it. */
  taskRefused(): void {
    this.refused.task += 1;
  }

  /**
   * To be called before a stream is opened: keeps a place for the request that runs now, to wait in.
   * @throws HostError `unavailable` when there are as many as may be.
   */
  admitStream(): void {
    const place = this.#current.getStore();
    if (place !== undefined && (this.#promised.has(place) || !this.#working.has(place))) return;
    if (!this.#mayWait()) {
      this.refused.stream += 1;
      throw unavailable('This host has as many streams open as it takes; try again');
    }
    if (place !== undefined) this.#promised.add(place);
  }

  #mayWait(): boolean {
    return this.#waiting.size + this.#promised.size < this.#most.streams;
  }

  #resume(place: Place): boolean {
    if (!this.#waiting.has(place)) return true;
    if (this.refuses()) return false;
    this.#waiting.delete(place);
    this.#working.set(place, performance.now());
    return true;
  }

  /** False when as many wait as may: it then counts as work. */
  #rest(place: Place): boolean {
    if (!this.#working.has(place)) return true;
    if (!this.#promised.delete(place) && !this.#mayWait()) return false;
    this.#working.delete(place);
    this.#waiting.add(place);
    return true;
  }
}
