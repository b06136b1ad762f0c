import { randomUUID } from 'node:crypto';
import { unavailable } from '../../src/errors.ts';
import type { AttributeTypes } from '../../src/mapping/search-attributes.ts';
import type { Projection, TaskInput } from '../../src/tasks/contract.ts';
import type {
  DeliveryResult,
  MessageDelivery,
  TaskEngine,
  TaskStore,
  WorkflowRef,
} from '../../src/tasks/ports.ts';
import { isFinal, isInterrupted } from '../../src/tasks/state.ts';
import type { Message, TaskState } from '../../src/tasks/task.ts';

interface Run {
  runId: string;
  workflow: WorkflowRef;
  input: TaskInput;
  state: TaskState;
  sequence: number;
  /** The ids of the deliveries it has taken. */
  taken: Set<string>;
  reports: Promise<void>;
}

export type Report = Partial<Pick<Projection, 'artifacts' | 'messages' | 'applied'>> & {
  state?: TaskState;
  reply?: true;
  text?: string;
};

export const agentMessage = (text: string): Message => ({
  messageId: randomUUID(),
  role: 'agent',
  parts: [{ text }],
});

/**
 * A TaskEngine that keeps its runs in memory and reports through the store, as workflows do. What a message's
 * text says is done: `ask` asks, `hold` goes on working, `fail` fails, `reply` replies, anything else completes.
 */
export class MemoryEngine implements TaskEngine {
  checkRoom(): void {}

  /** What `searchAttributes` tells. */
  attributeTypes: AttributeTypes | undefined;

  async searchAttributes(): Promise<AttributeTypes | undefined> {
    return this.attributeTypes;
  }

  /** `before`: calls fail and nothing is done. `after`: it is done, and the answer is lost. */
  outage: 'none' | 'before' | 'after' = 'none';
  /** Every delivery is refused with this. */
  refusal: string | undefined;
  /** Runs take what comes and report nothing of it. */
  silent = false;
  /** What a delivery brings about is recorded before its answer comes. */
  prompt = false;
  /** Every call made, as `start <id>`, `deliver <id> <delivery>`, `cancel <id>`. */
  readonly calls: string[] = [];
  readonly #store: TaskStore;
  readonly #runs = new Map<string, Run>();

  constructor(store: TaskStore) {
    this.#store = store;
  }

  get runs(): ReadonlyMap<string, Run> {
    return this.#runs;
  }

  start(workflow: WorkflowRef, input: TaskInput): Promise<void> {
    this.calls.push(`start ${input.taskId}`);
    return this.#call(() => {
      if (this.#runs.has(input.taskId)) return;
      const run: Run = {
        runId: randomUUID(),
        workflow,
        input,
        state: 'submitted',
        sequence: 0,
        taken: new Set(),
        reports: Promise.resolve(),
      };
      this.#runs.set(input.taskId, run);
      if (!input.mayReply) this.#say(run, { state: 'working' });
      this.#act(run, input.message);
    });
  }

  async deliver(delivery: MessageDelivery): Promise<DeliveryResult> {
    this.calls.push(`deliver ${delivery.taskId} ${delivery.deliveryId}`);
    const result = await this.#call(() => this.#take(delivery));
    if (this.prompt) await this.idle();
    return result;
  }

  #take({ taskId, deliveryId, message }: MessageDelivery): DeliveryResult {
    const run = this.#runs.get(taskId);
    if (this.refusal !== undefined) return { outcome: 'refused', reason: this.refusal };
    if (run === undefined || isFinal(run.state)) {
      return { outcome: 'refused', reason: 'The task has ended and takes no more messages', ended: true };
    }
    if (run.taken.has(deliveryId)) return { outcome: 'accepted' };
    if (!isInterrupted(run.state)) {
      return { outcome: 'refused', reason: 'The task does not wait for a message' };
    }
    run.taken.add(deliveryId);
    this.#say(run, { state: 'working', applied: [message.messageId] });
    this.#act(run, message);
    return { outcome: 'accepted' };
  }

  cancel(taskId: string): Promise<'requested' | 'ended'> {
    this.calls.push(`cancel ${taskId}`);
    return this.#call(() => {
      const run = this.#runs.get(taskId);
      if (run === undefined || isFinal(run.state)) return 'ended';
      this.#say(run, { state: 'canceled', text: 'Canceled' });
      return 'requested';
    });
  }

  /** One more report of a run; resolves when it is recorded. */
  report(taskId: string, report: Report): Promise<void> {
    const run = this.#runs.get(taskId);
    if (run === undefined) throw new Error(`no run of ${taskId}`);
    this.#say(run, report);
    return run.reports;
  }

  /** Resolves when everything said so far is recorded. */
  async idle(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ reports }) => reports));
  }

  /** The calls of one kind. */
  count(kind: 'start' | 'deliver' | 'cancel'): number {
    return this.calls.filter((call) => call.startsWith(kind)).length;
  }

  async #call<T>(work: () => T): Promise<T> {
    if (this.outage === 'before') throw unavailable('The engine is away');
    const result = work();
    if (this.outage === 'after') throw unavailable('The engine’s answer was lost');
    return result;
  }

  #act(run: Run, { parts }: Message): void {
    const text = parts[0]?.text ?? '';
    if (text.startsWith('hold')) return;
    if (text.startsWith('ask')) this.#say(run, { state: 'input-required', text: 'Which one?' });
    else if (text.startsWith('reply') && run.input.mayReply) {
      this.#say(run, { state: 'completed', text: `replied: ${text}`, reply: true });
    } else if (text.startsWith('fail')) this.#say(run, { state: 'failed', text: 'It broke' });
    else this.#say(run, { state: 'completed', text: `done: ${text}` });
  }

  #say(run: Run, { state, text, reply, artifacts = [], messages = [], applied = [] }: Report): void {
    if (state !== undefined) run.state = state;
    if (this.silent) return;
    run.sequence += 1;
    const message = text === undefined ? undefined : agentMessage(text);
    const projection: Projection = {
      taskId: run.input.taskId,
      runId: run.runId,
      sequence: run.sequence,
      ...(state === undefined
        ? {}
        : { status: { state, ...(message && { message }), ...(reply && { reply }) } }),
      artifacts,
      messages: message === undefined ? messages : [...messages, message],
      applied,
    };
    run.reports = run.reports.then(async () => {
      await this.#store.project(projection);
    });
    run.reports.catch(() => undefined);
  }
}
