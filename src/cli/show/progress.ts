import { type Artifact, type Message, StreamResponse, type Task, type TaskStatus } from '@a2a-js/sdk';
import { isSettled } from '../../tasks/state.ts';
import type { TaskState } from '../../tasks/task.ts';
import type { Output } from '../output.ts';
import { artifactLines, messageLines, stateOf, statusLines } from './task.ts';
import { plain } from './text.ts';

/** What the person has seen, over all turns of a conversation: a stream begins with the whole task again. */
export class Shown {
  taskId: string | undefined;
  status = '';
  readonly artifacts = new Map<string, string>();
}

/** Shows a stream as it comes, and keeps what the end of it depends on. */
export class Progress {
  readonly #output: Output;
  readonly #shown: Shown;
  #status: TaskStatus | undefined;
  taskId: string | undefined;
  /** Set when the agent answers with a plain message and no task. */
  reply: Message | undefined;

  constructor(output: Output, shown: Shown) {
    this.#output = output;
    this.#shown = shown;
  }

  get state(): TaskState | undefined {
    return stateOf(this.#status);
  }

  /** Nothing more comes without the caller. */
  get settled(): boolean {
    return this.reply !== undefined || (this.state !== undefined && isSettled(this.state));
  }

  take(event: StreamResponse): void {
    this.#output.line(StreamResponse.toJSON(event));
    const payload = event.payload;
    if (payload?.$case === 'task') this.#task(payload.value);
    if (payload?.$case === 'message') this.#reply(payload.value);
    if (payload?.$case === 'statusUpdate') this.#setStatus(payload.value.status);
    if (payload?.$case === 'artifactUpdate') this.#artifact(payload.value.artifact);
  }

  #task(task: Task): void {
    if (this.#shown.taskId !== task.id) this.#output.text(`task ${plain(task.id)}`);
    this.#shown.taskId = task.id;
    this.taskId = task.id;
    for (const artifact of task.artifacts) this.#artifact(artifact);
    this.#setStatus(task.status);
  }

  #reply(message: Message): void {
    this.reply = message;
    this.#output.text(...messageLines(message));
  }

  #setStatus(status: TaskStatus | undefined): void {
    this.#status = status;
    const lines = statusLines(status);
    const shown = `${status?.message?.messageId} ${lines.join('\n')}`;
    if (shown !== this.#shown.status) this.#output.text(...lines);
    this.#shown.status = shown;
  }

  #artifact(artifact: Artifact | undefined): void {
    if (artifact === undefined) return;
    const lines = artifactLines(artifact);
    const shown = lines.join('\n');
    if (this.#shown.artifacts.get(artifact.artifactId) !== shown) this.#output.text(...lines);
    this.#shown.artifacts.set(artifact.artifactId, shown);
  }
}
