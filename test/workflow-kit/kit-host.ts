/** Authors' workflows on a real Temporal, with the host's part on a real Postgres. */
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { unavailable } from '../../src/errors.ts';
import {
  type AgentCall,
  DEFAULT_TASK_QUEUE,
  type Projection,
  workflowIdOf,
} from '../../src/tasks/contract.ts';
import { type Sent, TaskService } from '../../src/tasks/service.ts';
import type { Message, Task } from '../../src/tasks/task.ts';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { TemporalTaskEngine } from '../../src/temporal/engine.ts';
import { createHostActivities } from '../../src/temporal/host-activities.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { withTaskFiles } from '../../src/temporal/task-files.ts';
import { createWorkers } from '../../src/temporal/worker.ts';
import { agentOf } from '../support/agents.ts';
import { silentLog, startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';
import * as authorActivities from './fixtures/activities.ts';
import * as workflows from './fixtures/workflows.ts';

export type WorkflowName = keyof typeof workflows;

const codeOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export class KitHost {
  /** Every report that reached the record, in order. */
  readonly reports: Projection[] = [];
  /** The record refuses every report, as if it were away. */
  away = false;
  /** Each call of an agent is made, and its first answer is lost with its worker. */
  losesAnswers = false;
  readonly tasks: TaskService;
  readonly #ground: TaskGround;
  readonly #env: TestWorkflowEnvironment;
  readonly #bundle: { code: string };
  readonly #catalog: AgentCatalog;
  readonly #client: Client;
  #working: { workers: Worker[]; running: Promise<void>[] }[] = [];

  private constructor(ground: TaskGround, env: TestWorkflowEnvironment, bundle: { code: string }) {
    this.#ground = ground;
    this.#env = env;
    this.#bundle = bundle;
    this.#catalog = new AgentCatalog(
      Object.keys(workflows).map((name) => agentOf(codeOf(name), { workflow: name })),
    );
    // On the worker's connection: only then can a start be eager.
    this.#client = new Client({ connection: env.nativeConnection, namespace: env.namespace ?? 'default' });
    const engine = new TemporalTaskEngine(() => this.#client);
    this.tasks = new TaskService({ store: ground.store, feed: ground.feed, files: ground.files, engine });
  }

  static async start(): Promise<KitHost> {
    installRuntime(silentLog);
    const cli = process.env.TEMPORAL_CLI;
    const path = await findTemporalCli(cli === undefined ? {} : { cli });
    const [ground, env, bundle] = await Promise.all([
      startTaskGround(),
      TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path } } }),
      bundleWorkflows({
        workflowFiles: [fileURLToPath(new URL('./fixtures/workflows.ts', import.meta.url))],
      }),
    ]);
    const host = new KitHost(ground, env, bundle);
    await host.work([DEFAULT_TASK_QUEUE]);
    return host;
  }

  async stop(): Promise<void> {
    this.away = false;
    await this.rest();
    await this.#env.teardown();
    await this.#ground.stop();
  }

  /** Starts a worker for these task queues. */
  async work(taskQueues: string[], { runActivities } = { runActivities: true }): Promise<void> {
    const workers = await createWorkers({
      connection: this.#env.nativeConnection,
      namespace: this.#env.namespace ?? 'default',
      bundle: this.#bundle,
      activities: { ...withTaskFiles(authorActivities, this.#ground.files), ...this.#hostActivities() },
      taskQueues,
      runActivities,
      servesWaiting: true,
    });
    this.#working.push({ workers, running: workers.map((worker) => worker.run()) });
  }

  /** Stops the worker that was started last, or all. */
  async rest(only?: 'last'): Promise<void> {
    const stopped = only === 'last' ? this.#working.splice(-1) : this.#working.splice(0);
    for (const { workers } of stopped) for (const worker of workers) worker.shutdown();
    await Promise.all(stopped.flatMap(({ running }) => running));
  }

  #hostActivities() {
    const { store } = this.#ground;
    const lost = new Set<string>();
    const recording = Object.assign(Object.create(store), {
      project: async (projection: Projection) => {
        if (this.away) throw unavailable('The record is away');
        // Before it is recorded: who sees the record change looks here at once.
        this.reports.push(projection);
        return store.project(projection).catch((error: unknown) => {
          this.reports.splice(this.reports.indexOf(projection), 1);
          throw error;
        });
      },
    });
    const host = createHostActivities({
      store: recording,
      tasks: this.tasks,
      agent: (code) => this.#catalog.get(code)?.definition,
      repair: () => Promise.reject(new Error('no repair here')),
      sweepReceipts: () => Promise.reject(new Error('no receipts here')),
      refreshCards: () => Promise.reject(new Error('no cards here')),
      removeOld: () => Promise.reject(new Error('nothing old here')),
      purgeExpired: () => Promise.reject(new Error('no purge here')),
      push: { deliver: async () => {}, retry: async () => undefined },
      changed: () => {},
      calls: { begin: async () => undefined, follow: async () => {}, expire: async () => {} },
    });
    return {
      ...host,
      callAgent: async (call: AgentCall) => {
        const result = await host.callAgent(call);
        if (this.losesAnswers && !lost.has(call.callId)) {
          lost.add(call.callId);
          throw new Error('the worker died');
        }
        return result;
      },
    };
  }

  send(
    name: WorkflowName,
    message: string | Message,
    more: { taskId?: string; taskQueue?: string } = {},
  ): Promise<Sent> {
    const { taskId, taskQueue } = more;
    const agent = this.#agent(name);
    return this.tasks.send({
      owner: 'alice',
      agent: taskQueue === undefined ? agent : { ...agent, taskQueue },
      message: typeof message === 'string' ? userMessageOf(message) : message,
      ...(taskId === undefined ? {} : { taskId }),
    });
  }

  /** The task once it is settled. */
  async settled(sent: Sent | Promise<Sent>): Promise<Task> {
    const signal = AbortSignal.timeout(20_000);
    const task = await this.tasks.settled(await sent, signal);
    signal.throwIfAborted();
    return task;
  }

  /** The whole of a task. */
  run(name: WorkflowName, text = 'hello'): Promise<Task> {
    return this.settled(this.send(name, text));
  }

  get({ agentCode, id, owner }: Task): Promise<Task> {
    return this.tasks.get({ owner, agentCode, taskId: id });
  }

  cancel(task: Task): Promise<Task> {
    const agent = this.#catalog.get(task.agentCode)?.definition;
    if (agent === undefined) throw new Error(`no agent ${task.agentCode}`);
    const key = { owner: task.owner, agentCode: task.agentCode, taskId: task.id };
    return this.tasks.cancel(key, agent, AbortSignal.timeout(20_000));
  }

  /** Tasks of an agent, newest first. */
  async tasksOf(name: WorkflowName): Promise<Task[]> {
    const query = { owner: 'alice', agentCode: codeOf(name), limit: 100 };
    return (await this.tasks.list(query)).tasks;
  }

  workflow({ id }: Task) {
    return this.#client.workflow.getHandle(workflowIdOf(id));
  }

  reportsOf({ id }: Task): Projection[] {
    return this.reports.filter(({ taskId }) => taskId === id);
  }

  /** The types of the activities the workflow scheduled, local ones apart. */
  async scheduled(task: Task): Promise<string[]> {
    const { events } = await this.workflow(task).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
  }

  #agent(name: WorkflowName) {
    const agent = this.#catalog.get(codeOf(name))?.definition;
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }
}
