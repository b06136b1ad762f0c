import type { Projection, ReportedStatus } from '../tasks/contract.ts';
import { isFinal } from '../tasks/state.ts';
import type { Artifact, Message, TaskState } from '../tasks/task.ts';
import { byteLength, MAX_REPORT_BYTES } from './sizes.ts';

export interface SnapshotView extends ReportedStatus {
  sequence: number;
}

/** What the workflow knows of its task, and what of it was not reported yet. */
export class Snapshot {
  #state: TaskState = 'submitted';
  #message: Message | undefined;
  #sequence = 0;
  #statusChanged = false;
  #artifacts = new Map<string, Artifact>();
  #messages: Message[] = [];
  #applied: string[] = [];
  /** Nothing was said yet, and what is said first may be a plain reply: until then there is nothing to report. */
  #silent: boolean;
  #reply = false;

  constructor({ mayReply = false }: { mayReply?: boolean } = {}) {
    this.#silent = mayReply;
  }

  /** Something waits to be reported. */
  get dirty(): boolean {
    if (this.#silent) return false;
    return (
      this.#statusChanged || this.#artifacts.size > 0 || this.#messages.length > 0 || this.#applied.length > 0
    );
  }

  get view(): SnapshotView {
    return { ...this.#status(), sequence: this.#sequence };
  }

  /** Counts on from what is on record, so that no report to come is taken for one of those. */
  catchUp(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  /** Takes up the status that an earlier run of this task has reported. */
  resume(state: TaskState, message: Message): void {
    this.#silent = false;
    this.#state = state;
    this.#message = message;
  }

  /** The work has begun. */
  begin(): void {
    this.#state = 'working';
    this.#statusChanged = true;
  }

  /** The end, with what is said last. */
  end(state: TaskState, message: Message): void {
    this.say(message);
    this.status(state, message);
  }

  /** The end with a plain reply, where one may be given and nothing else was said before. */
  reply(message: Message): void {
    if (!this.#silent || isFinal(this.#state)) {
      this.end('completed', message);
      return;
    }
    this.#reply = true;
    this.status('completed', message);
  }

  /** A final state never changes. */
  status(state: TaskState, message?: Message): void {
    if (isFinal(this.#state)) return;
    this.#silent = false;
    this.#state = state;
    this.#message = message;
    this.#statusChanged = true;
  }

  artifact(artifact: Artifact): void {
    this.#silent = false;
    // Deleted first, so that an artifact written again moves behind those written before it.
    this.#artifacts.delete(artifact.artifactId);
    this.#artifacts.set(artifact.artifactId, artifact);
  }

  say(message: Message): void {
    this.#messages.push(message);
  }

  /** A follow-up was taken: what acknowledges it. */
  applied(messageId: string): void {
    this.#applied.push(messageId);
  }

  /** Takes all that was not reported yet as one report; what is too much for one stays for the next. */
  take(taskId: string, runId: string): Projection {
    this.#sequence += 1;
    const projection: Projection = {
      taskId,
      runId,
      sequence: this.#sequence,
      artifacts: [],
      messages: [],
      applied: this.#applied,
    };
    this.#applied = [];
    let room = MAX_REPORT_BYTES;
    const fits = (item: unknown): boolean => {
      room -= byteLength(item);
      return room >= 0;
    };
    for (const [id, artifact] of this.#artifacts) {
      if (!fits(artifact)) return projection;
      this.#artifacts.delete(id);
      projection.artifacts.push(artifact);
    }
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      if (!fits(message)) return projection;
      this.#messages.shift();
      projection.messages.push(message);
    }
    // The status last: nothing is recorded after the end.
    if (this.#statusChanged && fits(this.#message)) {
      projection.status = this.#status();
      this.#statusChanged = false;
    }
    return projection;
  }

  #status(): ReportedStatus {
    return {
      state: this.#state,
      ...(this.#message === undefined ? {} : { message: this.#message }),
      ...(this.#reply ? { reply: true } : {}),
    };
  }
}
