import type { Projection } from '../tasks/contract.ts';
import { isFinal } from '../tasks/state.ts';
import type { Artifact, Message, TaskState } from '../tasks/task.ts';
import { byteLength, MAX_REPORT_BYTES } from './sizes.ts';

export interface SnapshotView {
  state: TaskState;
  message: Message | undefined;
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

  /** Something waits to be reported. */
  get dirty(): boolean {
    return (
      this.#statusChanged || this.#artifacts.size > 0 || this.#messages.length > 0 || this.#applied.length > 0
    );
  }

  get view(): SnapshotView {
    return { state: this.#state, message: this.#message, sequence: this.#sequence };
  }

  /** Counts on from what is on record, so that no report to come is taken for one of those. */
  catchUp(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  /** Takes up the status that an earlier run of this task has reported. */
  resume(state: TaskState, message: Message): void {
    this.#state = state;
    this.#message = message;
  }

  /** A final state never changes. */
  status(state: TaskState, message?: Message): void {
    if (isFinal(this.#state)) return;
    this.#state = state;
    this.#message = message;
    this.#statusChanged = true;
  }

  artifact(artifact: Artifact): void {
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
      projection.status =
        this.#message === undefined ? { state: this.#state } : { state: this.#state, message: this.#message };
      this.#statusChanged = false;
    }
    return projection;
  }
}
