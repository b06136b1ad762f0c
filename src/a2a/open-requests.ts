import type { Response } from 'express';

/** The requests being answered: each ends when its client goes, and all of them when the host stops. */
export class OpenRequests {
  readonly #open = new Set<AbortController>();
  #stopping = false;

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Aborts once the response is closed, however that comes. */
  signalFor(res: Response): AbortSignal {
    const controller = new AbortController();
    if (this.#stopping || res.closed) {
      controller.abort();
      return controller.signal;
    }
    this.#open.add(controller);
    res.once('close', () => {
      this.#open.delete(controller);
      // An answer that was given leaves nobody to stop; an abort costs an error with its stack.
      if (!res.writableFinished) controller.abort();
    });
    return controller.signal;
  }

  /** Streams end with a clean close, waiting sends with the task as it stands. */
  stop(): void {
    this.#stopping = true;
    for (const controller of this.#open) controller.abort();
  }
}
