import { type Question, requestIdOf } from './session.ts';

/** What one process tells all. */
export interface Bulletin {
  /** @throws HostError `unavailable`. */
  tell(topic: string, text: string): Promise<void>;
  hear(topic: string, listener: (text: string) => void): void;
}

const DECLINED = 'mcp-question-declined';

/** The questions that calls wait with: one that its user declines is not waited for, whichever process hears of it. */
export class OpenQuestions {
  readonly #bulletin: Bulletin;
  readonly #open = new Map<string, Set<AbortController>>();

  constructor(bulletin: Bulletin) {
    this.#bulletin = bulletin;
    bulletin.hear(DECLINED, (id) => {
      for (const controller of this.#open.get(id) ?? []) controller.abort();
    });
  }

  /** @returns what aborts when it is declined, and what is to be called when it is waited for no more. */
  open(question: Question): { unanswered: AbortSignal; close(): void } {
    const id = requestIdOf(question);
    const waiting = this.#open.get(id) ?? new Set();
    const controller = new AbortController();
    this.#open.set(id, waiting.add(controller));
    return {
      unanswered: controller.signal,
      close: () => {
        waiting.delete(controller);
        if (waiting.size === 0 && this.#open.get(id) === waiting) this.#open.delete(id);
      },
    };
  }

  decline(question: Question): Promise<void> {
    return this.#bulletin.tell(DECLINED, requestIdOf(question));
  }
}
