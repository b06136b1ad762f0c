import type { Logger } from 'pino';

/** Undone in reverse order, each whatever became of the others. */
export class Undo {
  readonly #steps: (() => Promise<void>)[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await step().catch((error) => this.#log.warn({ err: error }, 'something did not stop in good order'));
    }
  }
}
