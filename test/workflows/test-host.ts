/**
 * The shipped agents on a real Temporal server, with the host's part kept in memory: what their workflows say
 * can be seen without a database. For tests and for recording histories.
 */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { type AgentSource, loadAgents } from '../../src/agents/loader.ts';
import {
  type AgentCall,
  type AgentCallResult,
  DEFAULT_TASK_QUEUE,
  type HostActivities,
  MESSAGE_UPDATE,
  type Projection,
  workflowIdOf,
} from '../../src/tasks/contract.ts';
import { isFinal, isSettled } from '../../src/tasks/state.ts';
import type { Artifact, Message, Metadata, Part, TaskState } from '../../src/tasks/task.ts';
import { loadActivities } from '../../src/temporal/author-activities.ts';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { createWorkers } from '../../src/temporal/worker.ts';
import type { Code } from '../replay/histories.ts';

/** What a user sends: text, or parts with metadata. */
export type Sent = string | { parts: Part[]; metadata?: Metadata };

/** One look at a task. */
export interface Seen {
  id: string;
  code: Code;
  state: TaskState;
  /** The status message's text. */
  text: string;
  artifacts: Artifact[];
  /** Every status text in the order of the reports. */
  texts: string[];
  /** Counts the reports. */
  version: number;
}

export const shippedAgents = (): Promise<AgentSource[]> =>
  loadAgents(fileURLToPath(new URL('../../workflows', import.meta.url)));

export class TestHost implements HostActivities {
  readonly #tasks = new Map<string, Seen>();
  readonly #calls = new Map<string, Promise<string>>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #env: TestWorkflowEnvironment;
  readonly #workflows: Map<string, string>;
  #stop: () => Promise<void> = async () => undefined;

  private constructor(env: TestWorkflowEnvironment, workflows: Map<string, string>) {
    this.#env = env;
    this.#workflows = workflows;
  }

  /** Starts Temporal, as the host does where none is configured, and a worker. */
  static async start(): Promise<TestHost> {
    const agents = await shippedAgents();
    const workflows = new Map(agents.map(({ definition }) => [definition.code, definition.workflow ?? '']));
    const bundle = await bundleWorkflows({
      workflowFiles: agents.flatMap((agent) => agent.workflowFile ?? []),
    });
    const activities = await loadActivities(agents);
    const cli = process.env.TEMPORAL_CLI;
    const path = await findTemporalCli(cli === undefined ? {} : { cli });
    const env = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path } },
    });
    const host = new TestHost(env, workflows);
    const workers = await createWorkers({
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      bundle,
      activities: {
        ...activities,
        projectChange: (projection: Projection) => host.projectChange(projection),
        callAgent: (call: AgentCall) => host.callAgent(call),
      },
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
  async send(code: Code, sent: Sent): Promise<string> {
    const taskId = crypto.randomUUID();
    this.#tasks.set(taskId, {
      id: taskId,
      code,
      state: 'submitted',
      text: '',
      artifacts: [],
      texts: [],
      version: 0,
    });
    await this.#env.client.workflow.start(this.#workflows.get(code) ?? code, {
      workflowId: workflowIdOf(taskId),
      taskQueue: DEFAULT_TASK_QUEUE,
      workflowTaskTimeout: '3 seconds',
      args: [
        {
          taskId,
          contextId: 'context',
          agentCode: code,
          owner: 'owner',
          message: userMessage(sent),
          metadata: {},
        },
      ],
    });
    return taskId;
  }

  /** Sends a follow-up and waits until the task has moved on. */
  async answer(taskId: string, sent: Sent): Promise<void> {
    const message = userMessage(sent);
    const before = this.#tasks.get(taskId)?.version ?? 0;
    await this.#handle(taskId).executeUpdate(MESSAGE_UPDATE, {
      args: [message],
      updateId: message.messageId,
    });
    await this.until(taskId, ({ version }) => version > before);
  }

  async cancel(taskId: string): Promise<void> {
    await this.#handle(taskId).cancel();
  }

  async history(taskId: string) {
    await this.#handle(taskId)
      .result()
      .catch(() => undefined);
    return this.#handle(taskId).fetchHistory();
  }

  /** The task as soon as it looks as wanted; by default, once it has ended or asks. */
  async until(
    taskId: string,
    wanted: (seen: Seen) => boolean = ({ state }) => isSettled(state),
  ): Promise<Seen> {
    for (;;) {
      const seen = this.#tasks.get(taskId);
      if (seen === undefined) throw new Error(`no task ${taskId}`);
      if (wanted(seen)) return seen;
      if (isFinal(seen.state)) throw new Error(`the task ended otherwise: ${JSON.stringify(seen)}`);
      await once(this.#changes, taskId);
    }
  }

  /** The tasks of an agent, in the order in which they began. */
  called(code: Code): Seen[] {
    return [...this.#tasks.values()].filter((seen) => seen.code === code);
  }

  async projectChange({ taskId, status, artifacts }: Projection): Promise<void> {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new Error(`no task ${taskId}`);
    const text = status === undefined ? task.text : textOf(status.message);
    const replaced = new Set(artifacts.map((artifact) => artifact.artifactId));
    this.#tasks.set(taskId, {
      id: taskId,
      code: task.code,
      state: status?.state ?? task.state,
      version: task.version + 1,
      text,
      texts: text === '' ? task.texts : [...task.texts, text],
      artifacts: [...task.artifacts.filter((known) => !replaced.has(known.artifactId)), ...artifacts],
    });
    this.#changes.emit(taskId);
  }

  async callAgent(call: AgentCall): Promise<AgentCallResult> {
    const made = this.#calls.get(call.callId) ?? this.#deliver(call);
    this.#calls.set(call.callId, made);
    const { state, text, artifacts, id } = await this.until(await made);
    if (state === 'completed' || state === 'input-required') return { taskId: id, state, text, artifacts };
    throw ApplicationFailure.nonRetryable(`Agent ${call.agentCode} ${state}: ${text}`, 'AgentCallFailed');
  }

  async #deliver({ agentCode, message, taskId }: AgentCall): Promise<string> {
    if (taskId === undefined) return this.send(agentCode as Code, message);
    await this.answer(taskId, message);
    return taskId;
  }

  #handle(taskId: string) {
    return this.#env.client.workflow.getHandle(workflowIdOf(taskId));
  }
}

const textOf = (message: Message | undefined): string =>
  (message?.parts ?? []).flatMap((part) => part.text ?? []).join('\n');

const userMessage = (sent: Sent): Message => ({
  messageId: crypto.randomUUID(),
  role: 'user',
  ...(typeof sent === 'string' ? { parts: [{ text: sent }] } : sent),
});

/** The data part of a named artifact. */
export const dataOf = (seen: Seen, name: string): unknown =>
  seen.artifacts.find((artifact) => artifact.name === name)?.parts.find((part) => part.data !== undefined)
    ?.data;
