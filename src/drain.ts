import { setTimeout as delay } from 'node:timers/promises';

/**
 * The time between being told to stop and stopping, in which whoever sends requests here hears that it is to send them
 * elsewhere: nothing that comes meanwhile fails.
 */
export class Drain {
  readonly #seconds: number;
  #begun = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Resolves when the time is over. */
  async run(): Promise<void> {
    this.#begun = true;
    await delay(this.#seconds * 1_000);
  }
}
