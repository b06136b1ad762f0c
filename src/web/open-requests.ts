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
    const { signal, abort, close } = this.open();
    if (res.closed) {
      close();
      abort();
      return signal;
    }
    res.once('close', () => {
      close();
      // An answer that was given leaves nobody to stop; an abort costs an error with its stack.
      if (!res.writableFinished) abort();
    });
    return signal;
  }

  /** A request until `close`; `abort` says that its client has gone. */
  open(): { signal: AbortSignal; abort(): void; close(): void } {
    const controller = new AbortController();
    this.#open.add(controller);
    if (this.#stopping) controller.abort();
    return {
      signal: controller.signal,
      abort: () => controller.abort(),
      close: () => this.#open.delete(controller),
    };
  }

  /**
   * Those that are open end as by `stop`; new ones are taken still. A stream says nothing of its connection, or some
   * clients would take the host's death for its end: so its client may come back on it, and is told then.
   */
  release(): void {
    for (const controller of this.#open) controller.abort();
  }

  /** Streams end with a clean close, waiting sends with the task as it stands. */
  stop(): void {
    this.#stopping = true;
    this.release();
  }
}
