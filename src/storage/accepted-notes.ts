import type { Logger } from 'pino';
import type { Bulletin } from './bulletin.ts';

const TOPIC = 'task-accepted';
/** Told together, so that accepting a task costs no notification of its own. */
const TOGETHER_MS = 200;
/** Ids in a note, which Postgres takes up to 8,000 bytes of. */
const AT_ONCE = 200;

/** Tells every process of tasks as they are accepted. One that is not told shows at its first change. */
export class AcceptedNotes {
  readonly #bulletin: Bulletin;
  readonly #log: Logger;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(bulletin: Bulletin, log: Logger) {
    this.#bulletin = bulletin;
    this.#log = log;
  }

  hear(listener: (taskId: string) => void): void {
    this.#bulletin.hear(TOPIC, (text) => {
      for (const taskId of text.split(' ')) listener(taskId);
    });
  }

  tell(taskId: string): void {
    this.#waiting.push(taskId);
    this.#timer ??= setTimeout(() => void this.#tellAll(), TOGETHER_MS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #tellAll(): Promise<void> {
    const ids = this.#waiting;
    this.#waiting = [];
    this.#timer = undefined;
    try {
      for (let at = 0; at < ids.length; at += AT_ONCE)
        await this.#bulletin.tell(TOPIC, ids.slice(at, at + AT_ONCE).join(' '));
    } catch (error) {
      this.#log.debug({ err: error }, 'lists of tasks hear of some tasks late');
    }
  }
}
