import { isVisible, type Viewer } from '../agents/access.ts';
import type { PublishedAgent } from '../agents/catalog.ts';

/** Who wants to know when the tools that they may see are others. */
export class ToolChanges {
  readonly #listeners = new Map<() => void, Viewer>();

  /** @param agents those that came, went or are others now. Who may see none of them is told nothing. */
  changed(agents: readonly PublishedAgent[]): void {
    for (const [listener, viewer] of this.#listeners) {
      if (agents.some(({ definition }) => isVisible(definition, viewer))) listener();
    }
  }

  /** @returns what is to be called when it is not to be told any more. */
  listen(viewer: Viewer, listener: () => void): () => void {
    this.#listeners.set(listener, viewer);
    return () => this.#listeners.delete(listener);
  }

  /** The notifications of a stream, until `signal` aborts. What changes before the reader is back is told once. */
  notifications(viewer: Viewer, signal: AbortSignal): AsyncGenerator<object, void, undefined> {
    let news = false;
    let wake = () => {};
    // Before anything is read: what is published from now on is told.
    const forget = this.listen(viewer, () => {
      news = true;
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    return (async function* () {
      try {
        while (!signal.aborted) {
          if (!news) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            continue;
          }
          news = false;
          yield { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
        }
      } finally {
        forget();
      }
    })();
  }
}
