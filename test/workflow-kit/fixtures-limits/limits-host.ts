/** The kit on a real Temporal server; the record is kept in memory, with the database's guards. */
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  DEFAULT_TASK_QUEUE,
  MESSAGE_UPDATE,
  type Projection,
  type TaskInput,
  workflowIdOf,
} from '../../../src/tasks/contract.ts';
import { isFinal, isSettled } from '../../../src/tasks/state.ts';
import type { Artifact, Message, TaskState } from '../../../src/tasks/task.ts';
import { bundleWorkflows } from '../../../src/temporal/bundle.ts';
import { findTemporalCli } from '../../../src/temporal/cli-binary.ts';
import { installRuntime } from '../../../src/temporal/runtime.ts';
import { createWorkers } from '../../../src/temporal/worker.ts';
import { silentLog, userMessageOf } from '../../support/tasks.ts';
import * as activities from './activities.ts';
import type * as workflows from './workflows.ts';

export interface Recorded {
  state: TaskState;
  text: string;
  version: number;
  artifacts: Map<string, Artifact>;
  said: Message[];
  applied: string[];
  runs: string[];
  sequence: number;
}

export class LimitsHost {
  /** Every report fails while this is set. */
  away = false;
  readonly #tasks = new Map<string, Recorded>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #env: TestWorkflowEnvironment;
  #stop: () => Promise<void> = async () => undefined;

  private constructor(env: TestWorkflowEnvironment) {
    this.#env = env;
  }

  static async start(): Promise<LimitsHost> {
    installRuntime(silentLog);
    const cli = process.env.TEMPORAL_CLI;
    const path = await findTemporalCli(cli === undefined ? {} : { cli });
    const [env, bundle] = await Promise.all([
      TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path } } }),
      bundleWorkflows({ workflowFiles: [fileURLToPath(new URL('./workflows.ts', import.meta.url))] }),
    ]);
    const host = new LimitsHost(env);
    const workers = await createWorkers({
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      bundle,
      activities: { ...activities, projectChange: (projection: Projection) => host.#project(projection) },
      taskQueues: [DEFAULT_TASK_QUEUE],
      runActivities: true,
      servesWaiting: true,
    });
    const running = workers.map((worker) => worker.run());
    host.#stop = async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await env.teardown();
    };
    return host;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /** Begins a task; gives its id. */
  async begin(workflow: keyof typeof workflows, text: string): Promise<string> {
    const taskId = randomUUID();
    const input: TaskInput = {
      taskId,
      contextId: 'context',
      agentCode: workflow,
      owner: 'owner',
      message: userMessageOf(text),
      metadata: {},
    };
    this.#tasks.set(taskId, {
      state: 'submitted',
      text: '',
      version: 0,
      artifacts: new Map(),
      said: [],
      applied: [],
      runs: [],
      sequence: 0,
    });
    await this.#env.client.workflow.start(workflow, {
      workflowId: workflowIdOf(taskId),
      taskQueue: DEFAULT_TASK_QUEUE,
      workflowTaskTimeout: '3 seconds',
      args: [input],
    });
    return taskId;
  }

  /** A whole task that asks nothing. */
  async run(workflow: keyof typeof workflows, text = 'go'): Promise<Recorded> {
    return this.until(await this.begin(workflow, text));
  }

  deliver(taskId: string, text: string, deliveryId: string = randomUUID()): Promise<void> {
    return this.handle(taskId).executeUpdate(MESSAGE_UPDATE, {
      args: [userMessageOf(text, { messageId: deliveryId })],
      updateId: deliveryId,
    });
  }

  /** Sends an answer and waits until the task asks again or ends. */
  async answer(taskId: string, text: string, deliveryId: string = randomUUID()): Promise<Recorded> {
    const { version } = this.#task(taskId);
    await this.deliver(taskId, text, deliveryId);
    return this.until(taskId, (task) => task.version > version && isSettled(task.state));
  }

  /** The task as soon as it looks as wanted; by default, once it has ended or asks. */
  async until(
    taskId: string,
    wanted: (task: Recorded) => boolean = ({ state }) => isSettled(state),
  ): Promise<Recorded> {
    for (;;) {
      const task = this.#task(taskId);
      if (wanted(task)) return task;
      if (isFinal(task.state)) throw new Error(`the task ended otherwise: ${task.state} ${task.text}`);
      await once(this.#changes, taskId, { signal: AbortSignal.timeout(30_000) });
    }
  }

  handle(taskId: string, runId?: string) {
    return this.#env.client.workflow.getHandle(workflowIdOf(taskId), runId);
  }

  /** How many events the history of each run of the task has, first run first. */
  async historyLengths(taskId: string): Promise<number[]> {
    const { firstExecutionRunId } = await this.#env.client.workflowService
      .describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId: workflowIdOf(taskId) },
      })
      .then(({ workflowExecutionInfo }) => ({ firstExecutionRunId: workflowExecutionInfo?.firstRunId }));
    const lengths: number[] = [];
    let runId: string | null | undefined = firstExecutionRunId;
    while (runId) {
      const { events } = await this.handle(taskId, runId).fetchHistory();
      lengths.push(events?.length ?? 0);
      runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    }
    return lengths;
  }

  #task(taskId: string): Recorded {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new Error(`no task ${taskId}`);
    return task;
  }

  async #project({ taskId, runId, sequence, ...change }: Projection): Promise<void> {
    if (this.away) throw new Error('the record is away');
    const task = this.#task(taskId);
    // As change-log.ts has it: nothing after the end, nothing of an earlier run, nothing twice.
    const isNextRun = !task.runs.includes(runId);
    if (isFinal(task.state)) return;
    if (!isNextRun && (task.runs.at(-1) !== runId || sequence <= task.sequence)) return;
    if (isNextRun) task.runs.push(runId);
    task.sequence = sequence;
    task.version += 1;
    for (const artifact of change.artifacts) task.artifacts.set(artifact.artifactId, artifact);
    task.said.push(...change.messages);
    task.applied.push(...change.applied);
    if (change.status !== undefined) {
      task.state = change.status.state;
      task.text = (change.status.message?.parts ?? []).map(({ text }) => text ?? '').join('\n');
    }
    this.#changes.emit(taskId);
  }
}
