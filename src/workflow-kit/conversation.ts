import { ApplicationFailure, condition, currentUpdateInfo, uuid4, workflowInfo } from '@temporalio/workflow';
import type { Seen } from '../tasks/contract.ts';
import type { Message } from '../tasks/task.ts';
import { byteLength, MAX_SEEN } from './sizes.ts';
import type { Snapshot } from './snapshot.ts';
import type { AskOptions, Say } from './task-context.ts';
import { agentMessage } from './values.ts';

export interface ConversationOptions {
  snapshot: Snapshot;
  /** Bounds the history; all of it is kept when absent. */
  keep?: { messages: number; bytes: number };
}

/** What of a conversation goes on in the next run. */
export interface CarriedConversation {
  question: Message;
  auth: boolean;
  history: Message[];
  /** Deliveries taken, oldest first. */
  seen: string[];
}

/** The turns of a task: the agent's questions and the one message that answers each. */
export class Conversation {
  readonly #snapshot: Snapshot;
  readonly #keep: { messages: number; bytes: number } | undefined;
  readonly #history: Message[] = [];
  readonly #sizes: number[] = [];
  readonly #seen = new Set<string>();
  #question: Message | undefined;
  #answer: Message | undefined;
  #taken = 0;

  constructor({ snapshot, keep }: ConversationOptions) {
    this.#snapshot = snapshot;
    this.#keep = keep;
  }

  get history(): readonly Message[] {
    return this.#history;
  }

  /** How many messages this run has taken, repeated ones too. */
  get taken(): number {
    return this.#taken;
  }

  /** The question was answered and nobody has taken the answer up yet. */
  get answered(): boolean {
    return this.#answer !== undefined;
  }

  begin(first: Message): void {
    this.#remember(first);
  }

  /** Goes on where an earlier run has waited. */
  resume({ question, auth, history, seen }: CarriedConversation): void {
    for (const message of history) this.#remember(message);
    for (const deliveryId of seen) this.#seen.add(deliveryId);
    this.#question = question;
    this.#snapshot.resume(auth ? 'auth-required' : 'input-required', question);
  }

  /** What the next run needs to wait on for this question's answer; undefined when none waits. */
  carried(): CarriedConversation | undefined {
    const question = this.#question;
    if (question === undefined) return undefined;
    const auth = this.#snapshot.view.state === 'auth-required';
    return { question, auth, history: this.#history, seen: newest([...this.#seen]) };
  }

  /**
   * Whether a follow-up may be taken now; the update's validator. A client that names the question it
   * answers (`metadata.inReplyTo`, the question's message id) is held to it.
   * @throws ApplicationFailure whose message the caller sees.
   */
  check(message: Message, seen?: Seen): void {
    if (this.#isRepeated()) return;
    if (this.#question === undefined) {
      if (this.#isBehind(seen)) return;
      throw ApplicationFailure.nonRetryable('The task does not wait for a message', 'Refused');
    }
    const inReplyTo = message.metadata?.inReplyTo;
    if (inReplyTo !== undefined && inReplyTo !== this.#question.messageId) {
      throw ApplicationFailure.nonRetryable(
        'The task no longer waits for an answer to this question',
        'Refused',
      );
    }
  }

  /** Takes the answer; the update's handler. One that comes before its question waits for it. */
  async take(message: Message, seen?: Seen): Promise<void> {
    this.#taken += 1;
    // Temporal knows a repeated update within its run alone: one that an earlier run has taken is done already.
    if (this.#isRepeated()) return;
    if (this.#question === undefined && this.#isBehind(seen)) {
      await condition(() => this.#question !== undefined || !this.#isBehind(seen));
    }
    // Checked again: of two messages validated in one workflow task only the first is an answer.
    this.check(message);
    if (seen?.runId === workflowInfo().runId) this.#snapshot.catchUp(seen.sequence);
    this.#question = undefined;
    this.#answer = message;
    this.#see();
    this.#remember(message);
    this.#snapshot.applied(message.messageId);
    this.#snapshot.status('working');
  }

  /** Puts a question to the caller, without waiting for its answer. */
  pose(say: Say, { auth = false }: AskOptions = {}): void {
    if (this.#question !== undefined)
      throw new Error('task.ask: another question still waits for its answer');
    const question = agentMessage(uuid4(), say);
    this.#question = question;
    this.#answer = undefined;
    this.#remember(question);
    this.#snapshot.say(question);
    this.#snapshot.status(auth ? 'auth-required' : 'input-required', question);
  }

  /** The answer to the question that was put; undefined when there was none in time. */
  async answer({ timeout }: AskOptions = {}): Promise<Message | undefined> {
    try {
      await this.#isAnswered(timeout);
    } finally {
      this.#question = undefined;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer === undefined) this.#snapshot.status('working');
    return answer;
  }

  async #isAnswered(timeout: AskOptions['timeout']): Promise<void> {
    const answered = () => this.answered;
    if (timeout === undefined) await condition(answered);
    else await condition(answered, timeout);
  }

  /** Less far than its own reports on record: what the message answers is about to be asked again. */
  #isBehind(seen: Seen | undefined): boolean {
    if (seen === undefined) return false;
    const reported = seen.runId === workflowInfo().runId ? seen.sequence : 1;
    return this.#snapshot.view.sequence < reported;
  }

  #isRepeated(): boolean {
    const delivery = currentUpdateInfo();
    return delivery !== undefined && this.#seen.has(delivery.id);
  }

  #see(): void {
    const delivery = currentUpdateInfo();
    if (delivery !== undefined) this.#seen.add(delivery.id);
  }

  #remember(message: Message): void {
    this.#history.push(message);
    if (this.#keep === undefined) return;
    this.#sizes.push(byteLength(message));
    while (this.#history.length > this.#keep.messages || sum(this.#sizes) > this.#keep.bytes) {
      this.#history.shift();
      this.#sizes.shift();
    }
  }
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The last deliveries, as many as may be carried: only what is still on its way can come again. */
function newest(seen: string[]): string[] {
  let bytes = 0;
  const last = seen.slice(-MAX_SEEN.deliveries).reverse();
  const end = last.findIndex((deliveryId) => {
    bytes += byteLength(deliveryId) + 1;
    return bytes > MAX_SEEN.bytes;
  });
  return (end === -1 ? last : last.slice(0, end)).reverse();
}
