import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The time between being told to stop and stopping, in which whoever sends requests here hears that it is to send them
 * elsewhere: nothing that comes meanwhile fails.
 */
export class Drain {
  readonly #seconds: number;
  readonly #answers = new Set<ServerResponse>();
  #begun = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** An answer that is still to be given then ends its connection: a client that kept it would come back here. */
  answering(res: ServerResponse): void {
    if (this.#begun) {
      res.setHeader('Connection', 'close');
      return;
    }
    this.#answers.add(res);
    res.once('close', () => this.#answers.delete(res));
  }

  /** Resolves when the time is over. */
  async run(): Promise<void> {
    this.#begun = true;
    for (const res of this.#answers) if (!res.headersSent) res.setHeader('Connection', 'close');
    await delay(this.#seconds * 1_000);
  }
}
