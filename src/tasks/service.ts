import { randomUUID } from 'node:crypto';
import type { AgentDefinition } from '../agents/definition.ts';
import { invalidParams, taskNotFound, unavailable, unsupported } from '../errors.ts';
import { changeWithFileUrls, type FileUrl, withFileUrls } from './file-parts.ts';
import type { Files, Prepared } from './files.ts';
import { checkInput } from './input.ts';
import { checkId, checkMessage } from './message.ts';
import type {
  MessageDelivery,
  OpenTaskLimits,
  SentMessage,
  TaskEngine,
  TaskFeed,
  TaskKey,
  TaskPage,
  TaskQuery,
  TaskStore,
  WithMessage,
} from './ports.ts';
import { drainingAgent, notCancelable, notWaiting, tooManyTasks } from './refusals.ts';
import { refuseTask } from './refused.ts';
import { checkRepetition, digestFor } from './repetition.ts';
import { checkStart, inputOf, limitsFor, workflowOf } from './start.ts';
import { applyChange, isDecided, isFinal, isSettled } from './state.ts';
import type { Message, Metadata, Task, TaskChange } from './task.ts';
import { awaitingEngine, reached, saying } from './underway.ts';

export interface SendRequest extends WithMessage {
  owner: string;
  /** What the caller is allowed, for a new task's workflow to know. */
  scopes?: readonly string[];
  agent: AgentDefinition;
  message: Message;
  /** The task this message continues; a new one begins when absent. */
  taskId?: string;
  /** Names the task when it is new (`tasks/send`), or continues the task of that name. */
  alias?: string;
  contextId?: string;
  metadata?: Metadata;
  /** The caller can be given a plain message in place of a task. */
  takesReply?: boolean;
  /** One agent calls another: the task that it works on counts already. */
  uncounted?: boolean;
  /** One message under its id, whatever the agent says of repetitions. */
  once?: boolean;
  /** How many of the task's newest messages its sender wants back; all when undefined. */
  history?: number;
}

export interface Sent {
  task: Task;
  /** The engine is away: the message is recorded, and will be worked on when it is back. */
  deferred: boolean;
}

export interface TaskServiceOptions {
  store: TaskStore;
  engine: TaskEngine;
  feed: TaskFeed;
  files: Files;
  /** Names the address of a file in each task and change that is given out; none is named without. */
  fileUrl?: FileUrl | undefined;
  /** How many tasks callers and agents may have open. */
  limits?: OpenTaskLimits | undefined;
}

/** What every surface stands on. Another caller's task does not exist in any answer. */
export class TaskService {
  readonly #store: TaskStore;
  readonly #engine: TaskEngine;
  readonly #feed: TaskFeed;
  readonly #files: Files;
  readonly #fileUrl: FileUrl | undefined;
  readonly #limits: OpenTaskLimits | undefined;

  constructor({ store, engine, feed, files, fileUrl, limits }: TaskServiceOptions) {
    this.#store = store;
    this.#engine = engine;
    this.#feed = feed;
    this.#files = files;
    this.#fileUrl = fileUrl;
    this.#limits = limits;
  }

  /**
   * Accepts a message: begins a task, or continues one. Once this resolves the message is recorded and will
   * be worked on, whatever dies. The same message id from the same caller to the same agent is one message.
   * @throws HostError `invalid_params`, `task_not_found`, `unsupported_operation` (the task does not wait
   * for a message), `agent_draining`, `too_many`, `unavailable` (nothing was recorded).
   */
  async send(request: SendRequest): Promise<Sent> {
    const prepared = await this.#files.prepare(request.owner, request.message);
    checkMessage(prepared.message);
    if (request.contextId !== undefined) checkId('message.contextId', request.contextId);
    if (request.alias !== undefined) checkId('id', request.alias);
    const sent = await this.#route({ ...request, message: prepared.message }, prepared.save);
    return { ...sent, task: this.#shown(sent.task) };
  }

  async #route(request: SendRequest, save: Prepared['save']): Promise<Sent> {
    const continued = request.taskId ?? request.alias;
    if (continued !== undefined) {
      const task = await this.#find(request, continued);
      if (task !== undefined) return this.#continue(request, task, save);
      if (request.taskId !== undefined) throw taskNotFound();
    }
    return this.#begin(request, save);
  }

  /**
   * Records a message that is not handed to its agent: as a task of its own, rejected at once for this reason.
   * @param id of that task: refused again under the same, it is one task.
   * @throws HostError `invalid_params`, `unavailable`.
   */
  async refuse(request: SendRequest, reason: string, id?: string): Promise<Task> {
    return this.#shown(await refuseTask(request, { id, reason }, { store: this.#store, files: this.#files }));
  }

  /** Where a message with this id went, if sending it again is no other message. @throws HostError `unavailable`. */
  sent(from: { owner: string; agentCode: string }, messageId: string): Promise<SentMessage | undefined> {
    return this.#store.sent(from, messageId);
  }

  async #find({ owner, agent, history }: SendRequest, taskId: string): Promise<Task | undefined> {
    checkId('message.taskId', taskId);
    return this.#store.find({ owner, agentCode: agent.code, taskId }, history);
  }

  async #begin(request: SendRequest, save: Prepared['save']): Promise<Sent> {
    const { agent, owner, message } = request;
    checkInput(agent, message);
    const id = randomUUID();
    const contextId = request.contextId ?? randomUUID();
    await checkStart(agent, { taskId: id, contextId, message }, this.#engine);
    // What an agent's own work calls is of a task that is taken already.
    if (!request.uncounted) this.#engine.checkRoom();
    // Before the task: a death in between leaves a file without a task, never a task without its file.
    await save();
    const limits = limitsFor(agent, request.uncounted ? undefined : this.#limits);
    const accepted = await this.#store.accept({
      id,
      ...(request.alias === undefined ? {} : { alias: request.alias }),
      agentCode: agent.code,
      owner,
      ...(request.scopes && { scopes: request.scopes }),
      contextId,
      message,
      metadata: request.metadata ?? {},
      digest: digestFor(request),
      hidden: agent.mayReply === true && request.takesReply === true,
      pushConfig: request.pushConfig,
      outputModes: request.outputModes,
      ...(limits && { limits }),
    });
    if (accepted.outcome === 'too-many' && agent.draining) throw drainingAgent(agent);
    if (accepted.outcome === 'too-many') throw tooManyTasks(accepted.whose, this.#limits);
    if (accepted.outcome === 'alias-taken') {
      // Another request began the task of this name a moment ago: this message continues it.
      return this.#route(request, save);
    }
    const { task } = accepted;
    if (accepted.outcome === 'repeated') checkRepetition(request, accepted.digest);
    // A start that does not get through is made up for by the repair sweep: the task stays `submitted`.
    if (task.version > 0) return { task, deferred: false };
    const started = await reached(this.#start(agent, task, request.scopes));
    return started === 'away' ? deferred(task) : { task, deferred: false };
  }

  #start(agent: AgentDefinition, task: Task, scopes?: readonly string[]): Promise<void> {
    const input = inputOf(task, scopes);
    return this.#engine.start(workflowOf(agent, input), input);
  }

  async #continue(request: SendRequest, task: Task, save: Prepared['save']): Promise<Sent> {
    if (request.contextId !== undefined && request.contextId !== task.contextId) {
      throw invalidParams('message.contextId', 'is not the context of the task');
    }
    const { message } = request;
    await save();
    const appended = await this.#store.append(task, message, digestFor(request), request);
    if (appended.outcome === 'not-waiting') throw notWaiting(task);
    const { deliveryId, seen } = appended;
    const delivery = { taskId: task.id, deliveryId, message, ...(seen && { seen }) };
    if (appended.outcome === 'repeated') {
      checkRepetition(request, appended.digest);
      if (appended.taskId !== task.id) throw invalidParams('message.messageId', 'was sent to another task');
      if (!appended.pending) {
        return { task: (await this.#find(request, task.id)) ?? task, deferred: false };
      }
    }
    const answered = saying(message, task);
    return (await this.#deliver(delivery)) ? { task: answered, deferred: false } : deferred(answered);
  }

  /** False when the engine is away; the repair sweep then delivers. */
  async #deliver(delivery: MessageDelivery): Promise<boolean> {
    const result = await reached(this.#engine.deliver(delivery));
    if (result === 'away') return false;
    const { taskId, message } = delivery;
    if (result.outcome === 'accepted') {
      // Nobody waits for it: what is not noted now, the repair sweep asks again.
      this.#store.confirm(taskId, message.messageId).catch(() => {});
      return true;
    }
    await this.#store.discard(taskId, message.messageId);
    throw unsupported(result.reason);
  }

  /**
   * @param history how many of the task's newest messages are wanted at least; all when undefined.
   * @throws HostError `task_not_found`, `invalid_params`.
   */
  async get(key: TaskKey, history?: number): Promise<Task> {
    return this.#shown(await this.#recorded(key, history));
  }

  async #recorded(key: TaskKey, history?: number): Promise<Task> {
    checkId('id', key.taskId);
    const task = await this.#store.find(key, history);
    if (task === undefined) throw taskNotFound();
    return task;
  }

  #shown(task: Task): Task {
    return this.#fileUrl === undefined ? task : withFileUrls(task, this.#fileUrl);
  }

  /** @throws HostError `invalid_params`. */
  async list(query: TaskQuery): Promise<TaskPage> {
    if (query.contextId !== undefined) checkId('contextId', query.contextId);
    const page = await this.#store.list(query);
    return { ...page, tasks: page.tasks.map((task) => this.#shown(task)) };
  }

  /**
   * The task's changes after the given version of it, as they are recorded, until its end or until `signal`
   * aborts; none where there is no room to wait for them. Works on any process, for a task that any process works on.
   */
  async *watch(task: Task, signal: AbortSignal): AsyncGenerator<TaskChange, void, undefined> {
    if (isFinal(task.status.state)) return;
    const subscription = await this.#feed.subscribe(task.id, signal);
    for await (const change of subscription.after(task.version)) {
      yield this.#fileUrl === undefined ? change : changeWithFileUrls(change, this.#fileUrl);
      if (change.status !== undefined && isFinal(change.status.state)) return;
    }
  }

  /**
   * What was sent, once its caller may be told of it: a task, or `replyOf` it in place of one. Of an agent that may
   * reply that takes until the first thing it says.
   * @throws HostError `unavailable` when the engine is away, or it can wait no longer; the message is kept, and sent
   * again it gives what came of it.
   */
  async decided(sent: Sent, signal: AbortSignal): Promise<Sent> {
    let { task } = sent;
    if (isDecided(task)) return sent;
    if (sent.deferred)
      throw unavailable('The workflow engine cannot be reached; send the same message again');
    for await (const change of this.watch(task, signal)) {
      task = applyChange(task, change);
      if (isDecided(task)) return { task, deferred: false };
    }
    throw unavailable('The host does not wait for the answer any longer; send the same message again');
  }

  /** The task once it is final or waits for its caller, or as it stands when `signal` aborts or it is deferred. */
  async settled(sent: Sent, signal: AbortSignal): Promise<Task> {
    let { task } = sent;
    if (sent.deferred) return task;
    if (isSettled(task.status.state)) return task;
    for await (const change of this.watch(task, signal)) {
      task = applyChange(task, change);
      if (isSettled(task.status.state)) break;
    }
    return task;
  }

  /**
   * Asks the task to stop and waits until it has, with the author's own clean-up, or until `signal` aborts.
   * @param agent undefined when it is published no more: what never began then stays as it is.
   * @throws HostError `task_not_found`, `task_not_cancelable` (it has ended), `unavailable`.
   */
  async cancel(key: TaskKey, agent: AgentDefinition | undefined, signal: AbortSignal): Promise<Task> {
    const task = await this.#recorded(key);
    if (isFinal(task.status.state)) throw notCancelable(task);
    // A task that never began begins now, so that there is something to cancel and its end is recorded.
    if (task.version === 0 && agent) await this.#start(agent, task);
    await this.#engine.cancel(task.id);
    return this.#ended(this.#shown(task), signal);
  }

  async #ended(task: Task, signal: AbortSignal): Promise<Task> {
    let current = task;
    for await (const change of this.watch(task, signal)) current = applyChange(current, change);
    return current;
  }
}

const deferred = (task: Task): Sent => ({ task: awaitingEngine(task), deferred: true });
