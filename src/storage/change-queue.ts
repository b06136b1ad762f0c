import { unavailable } from '../errors.ts';
import type { TaskChange } from '../tasks/task.ts';

/** A reader this far behind is cut: it may come back and is then told the task as it stands. */
const MAX_BEHIND = 1_000;

/** The changes one watcher has still to see, in order, each once. */
export class ChangeQueue {
  /** When it was opened, in milliseconds since 1970. */
  readonly since = Date.now();
  #changes: TaskChange[] = [];
  #version: number | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #cut = false;

  /** The newest version taken in; undefined until the watcher has said where it starts. */
  get version(): number | undefined {
    return this.#ended ? undefined : this.#version;
  }

  start(version: number): void {
    this.#version = version;
  }

  push(change: TaskChange): void {
    // Another watcher of this task may be further behind: only the next change in line is ours.
    if (this.#ended || this.#version === undefined || change.version !== this.#version + 1) return;
    this.#version = change.version;
    this.#changes.push(change);
    if (this.#changes.length > MAX_BEHIND) {
      this.#cut = true;
      this.end();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Gives the changes as they come; `leave` runs when the reader is done, however it ends. */
  async *drain(leave: () => void): AsyncGenerator<TaskChange, void, undefined> {
    try {
      for (;;) {
        const next = this.#changes.shift();
        if (this.#cut) throw unavailable('This stream is read too slowly and was cut; subscribe again');
        if (next !== undefined) {
          yield next;
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      leave();
    }
  }
}
