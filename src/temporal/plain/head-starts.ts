import type { Client } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import type { PlainPlan } from '../../mapping/plain.ts';
import { besideOf, idOfPlain } from '../../plain/beside.ts';
import type { Projection, TaskInput } from '../../tasks/contract.ts';
import type { WorkflowRef } from '../../tasks/ports.ts';
import { startOnce } from './beside.ts';

/** For the record, and then for Temporal: together less than the step waits for. */
const HEAD_MS = 500;
/** As the server begins a history: the start, and a workflow task scheduled and started. */
const FIRST_EVENTS = 3;

export interface HeadStartOptions {
  client(): Client;
  /** Records what a task has to say. */
  record(report: Projection): Promise<void>;
}

/**
 * What the first step of a brief workflow's task does, done while the code of that step is loaded: Temporal has the task
 * already, and the step finds it done, in this process by its word, elsewhere by what is recorded and running.
 */
export class HeadStarts {
  readonly #options: HeadStartOptions;
  /** By the id of the workflow that was started. */
  readonly #made = new LRUCache<string, Promise<boolean>>({ max: 1_000 });

  constructor(options: HeadStartOptions) {
    this.#options = options;
  }

  /** To be called once a task runs in this process. */
  make({ args: [plan] = [] }: WorkflowRef, input: TaskInput, runId: string): void {
    const { brief, searchAttributes } = (plan ?? {}) as Partial<PlainPlan>;
    // Whether those are taken is asked first; and what may be a plain reply is not said to be working.
    if (!brief || searchAttributes !== undefined || input.mayReply) return;
    this.#made.set(
      idOfPlain(input),
      this.#make({ input, plan: plan as PlainPlan }, runId).catch(() => false),
    );
  }

  async #make(task: { input: TaskInput; plan: PlainPlan }, runId: string): Promise<boolean> {
    const begun = performance.now();
    await this.#options.record(firstReport(task.input.taskId, runId));
    // The step has gone on without it, and the task perhaps to its end.
    if (performance.now() - begun > HEAD_MS) return false;
    const client = this.#options.client();
    await client.connection.withDeadline(Date.now() + HEAD_MS, () => startOnce(client, besideOf(task)));
    return true;
  }

  /** Whether a task is recorded as working, and its workflow begun; where something went wrong, the step itself tells. */
  async has(workflowId: string): Promise<boolean> {
    const made = this.#made.get(workflowId);
    this.#made.delete(workflowId);
    return (await made) ?? false;
  }
}

/** What the step reports first; the same again is recognised. */
const firstReport = (taskId: string, runId: string): Projection => ({
  taskId,
  runId,
  sequence: 1,
  historyLength: FIRST_EVENTS,
  status: { state: 'working' },
  artifacts: [],
  messages: [],
  applied: [],
});
