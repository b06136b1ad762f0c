import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  TaskPushNotificationConfig,
  Message as WireMessage,
  Task as WireTask,
} from '@a2a-js/sdk';
import { ExtendedAgentCardNotConfiguredError } from '@a2a-js/sdk/errors';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import type { Logger } from 'pino';
import type { AgentCards } from '../agents/cards.ts';
import type { AgentDefinition } from '../agents/definition.ts';
import { isAdmin } from '../auth/caller.ts';
import type { OpenStream, StreamLimits } from '../auth/limits/stream-limits.ts';
import { invalidParams, unsupported } from '../errors.ts';
import type { PushService } from '../push/service.ts';
import { checkInputModes } from '../tasks/modes.ts';
import type { TaskKey } from '../tasks/ports.ts';
import type { Sent, TaskService } from '../tasks/service.ts';
import { applyChange, isFinal, isSettled, replyOf } from '../tasks/state.ts';
import type { Metadata, Task } from '../tasks/task.ts';
import { within } from '../web/within.ts';
import { type Call, takesReply } from './call.ts';
import { eventsOf, messageFromWire, replyToWire, type TaskView, taskEvent, taskToWire } from './convert.ts';
import { toProtocolError } from './errors.ts';
import { negotiated } from './extensions.ts';
import { toPage, toQuery } from './list.ts';
import { configOfSend, PushMethods } from './push.ts';

export interface RequestHandlerOptions {
  agent: AgentDefinition;
  cards: AgentCards;
  tasks: TaskService;
  push: PushService;
  streams: Pick<StreamLimits, 'open'>;
  log: Logger;
}

/** One agent's A2A methods, on TaskService. The SDK's transports call it, whatever the client speaks. */
export class AgentRequestHandler implements A2ARequestHandler {
  readonly #agent: AgentDefinition;
  readonly #cards: AgentCards;
  readonly #tasks: TaskService;
  readonly #pushService: PushService;
  readonly #push: PushMethods;
  readonly #streams: Pick<StreamLimits, 'open'>;
  readonly #log: Logger;

  constructor({ agent, cards, tasks, push, streams, log }: RequestHandlerOptions) {
    this.#agent = agent;
    this.#cards = cards;
    this.#tasks = tasks;
    this.#pushService = push;
    this.#push = new PushMethods(push);
    this.#streams = streams;
    this.#log = log;
  }

  async getAgentCard(): Promise<AgentCard> {
    return this.#cards.sdkCard;
  }

  /** §3.1.11. Whoever got here may see it: the surface lets nobody call an agent without being known. */
  async getAuthenticatedExtendedAgentCard(): Promise<AgentCard> {
    return this.#extended().sdkCard;
  }

  /** The same in the v0.3 shape. The SDK would make it of the v1.0 card, whose signature is not for that shape. */
  extendedCardV03(): Record<string, unknown> {
    return this.#extended().v03.json;
  }

  #extended(): AgentCards {
    if (this.#cards.extended === undefined) throw new ExtendedAgentCardNotConfiguredError();
    return this.#cards.extended;
  }

  /** §3.1.1. Waits for a final or interrupted state unless the call says otherwise; or gives the agent's reply. */
  sendMessage(params: SendMessageRequest, context: ServerCallContext): Promise<WireMessage | WireTask> {
    return this.#answer(async () => {
      const call = this.#call(context, params.message);
      const view = this.#view(call, params.configuration?.historyLength);
      const sent = await this.#tasks.decided(await this.#send(params, call, view), call.signal);
      const reply = this.#replyTo(sent, call);
      if (reply !== undefined) return reply;
      return taskToWire(await this.#waited(sent, call), view);
    });
  }

  /** §3.1.2. First the task, then its changes, until a final or interrupted state; or the agent's reply alone. */
  async *sendMessageStream(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const request = this.#call(context, params.message);
    const view = this.#view(request, params.configuration?.historyLength);
    // Before the send: one that is refused has done nothing.
    using slot = await this.#slot(request);
    const call = { ...request, signal: slot.signal };
    const sent = await this.#answer(() => this.#send(params, call, view));
    const reply = this.#replyTo(await this.#answer(() => this.#tasks.decided(sent, call.signal)), call);
    if (reply !== undefined) {
      yield { payload: { $case: 'message', value: reply } };
      return;
    }
    yield taskEvent(sent.task, view);
    if (isSettled(sent.task.status.state)) return;
    yield* this.#stream(sent.task, call, { view, untilSettled: true });
  }

  /** §3.1.6. Stays open through interruptions and ends with the task. */
  async *resubscribe(
    { id }: SubscribeToTaskRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const call = this.#call(context);
    const view = this.#view(call, undefined);
    const task = await this.#answer(() => this.#get(id, call, view));
    if (call.dialect === '1.0' && isFinal(task.status.state)) {
      throw this.#hide(unsupported(`The task is ${task.status.state}; there is nothing to subscribe to`));
    }
    using slot = await this.#slot(call);
    yield taskEvent(task, view);
    yield* this.#stream(task, { ...call, signal: slot.signal }, { view, untilSettled: false });
  }

  /** §3.1.3. */
  getTask({ id, historyLength }: GetTaskRequest, context: ServerCallContext): Promise<WireTask> {
    return this.#answer(async () => {
      const call = this.#call(context);
      const view = this.#view(call, historyLength);
      return taskToWire(await this.#get(id, call, view), view);
    });
  }

  /** §3.1.4. */
  listTasks(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    return this.#answer(async () => {
      const { caller } = this.#call(context);
      const of = { owner: caller.id, anyOwner: isAdmin(caller), agentCode: this.#agent.code };
      const query = toQuery(params, of);
      return toPage(await this.#tasks.list(query), params, query.limit);
    });
  }

  /** §3.1.5. Answers once the author's clean-up is done, or with the task as it stands when that takes long. */
  cancelTask({ id }: CancelTaskRequest, context: ServerCallContext): Promise<WireTask> {
    return this.#answer(async () => {
      const call = this.#call(context);
      const task = await within(call, (signal) =>
        this.#tasks.cancel(this.#key(id, call), this.#agent, signal),
      );
      return taskToWire(task, this.#view(call, undefined));
    });
  }

  /** §3.1.7. */
  createTaskPushNotificationConfig(
    params: TaskPushNotificationConfig,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return this.#onTask(params.taskId, context, (key, call) => this.#push.create(params, key, call));
  }

  /** §3.1.8. */
  getTaskPushNotificationConfig(
    params: GetTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return this.#onTask(params.taskId, context, (key, call) => this.#push.get(params, key, call));
  }

  /** §3.1.9. */
  listTaskPushNotificationConfigs(
    params: ListTaskPushNotificationConfigsRequest,
    context: ServerCallContext,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    return this.#onTask(params.taskId, context, (key) => this.#push.list(params, key));
  }

  /** §3.1.10. */
  deleteTaskPushNotificationConfig(
    params: DeleteTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<void> {
    return this.#onTask(params.taskId, context, (key) => this.#push.delete(params, key));
  }

  #onTask<T>(
    taskId: string,
    context: ServerCallContext,
    work: (key: TaskKey, call: Call) => Promise<T>,
  ): Promise<T> {
    return this.#answer(async () => {
      const call = this.#call(context);
      if (taskId === '') throw invalidParams('taskId', 'is required');
      return work(this.#key(taskId, call), call);
    });
  }

  #call(context: ServerCallContext, message?: WireMessage): Call {
    return negotiated(context, this.#cards.sdkCard, message);
  }

  #send(params: SendMessageRequest, call: Call, { historyLength }: TaskView): Promise<Sent> {
    const { configuration, metadata } = params;
    const wanted = configuration?.taskPushNotificationConfig;
    const pushConfig = wanted && configOfSend(this.#pushService, wanted, call);
    const message = messageFromWire(params.message);
    checkInputModes(this.#agent, message);
    if (metadata !== undefined) message.metadata = { ...(metadata as Metadata), ...message.metadata };
    const { taskId, contextId } = params.message ?? {};
    return this.#tasks.send({
      owner: call.caller.id,
      scopes: [...call.caller.scopes],
      agent: this.#agent,
      message,
      ...(taskId ? { taskId } : {}),
      ...(contextId ? { contextId } : {}),
      ...(call.alias === undefined ? {} : { alias: call.alias }),
      takesReply: takesReply(call),
      ...(pushConfig && { pushConfig }),
      ...(historyLength === undefined ? {} : { history: historyLength }),
    });
  }

  #replyTo({ task }: Sent, call: Call): WireMessage | undefined {
    const reply = takesReply(call) ? replyOf(task) : undefined;
    return reply && replyToWire(reply, task);
  }

  #waited(sent: Sent, call: Call): Promise<Task> {
    if (call.waitMs === 0) return Promise.resolve(sent.task);
    return within(call, (signal) => this.#tasks.settled(sent, signal));
  }

  #get(id: string, call: Call, { historyLength }: TaskView): Promise<Task> {
    if (id === '') throw invalidParams('id', 'is required');
    return this.#tasks.get({ ...this.#key(id, call), anyOwner: isAdmin(call.caller) }, historyLength);
  }

  #key(taskId: string, { caller }: Call) {
    return { owner: caller.id, agentCode: this.#agent.code, taskId };
  }

  /** Without a version history is shown only when it is asked for; in v1.0 all of it. */
  #view({ dialect }: Call, historyLength: number | undefined): TaskView {
    if (historyLength !== undefined && historyLength < 0) {
      throw this.#hide(invalidParams('historyLength', 'must not be negative'));
    }
    return { historyLength: historyLength ?? (dialect === '1.0' ? undefined : 0) };
  }

  /** One of the streams that the caller and the agent may have; given back at the end of its scope. */
  #slot({ caller, signal }: Call): Promise<OpenStream> {
    return this.#answer(() => this.#streams.open(caller, this.#agent, signal));
  }

  async *#stream(
    from: Task,
    call: Call,
    options: { view: TaskView; untilSettled: boolean },
  ): AsyncGenerator<StreamResponse, void, undefined> {
    // A stream that shows changes alone has no use for what was said before them.
    let task = call.snapshots ? from : { ...from, history: [] };
    try {
      for await (const change of this.#tasks.watch(from, call.signal)) {
        task = applyChange(task, change);
        if (call.snapshots) yield taskEvent(task, options.view);
        else yield* eventsOf(change, task);
        if (options.untilSettled && isSettled(task.status.state)) return;
      }
    } catch (error) {
      throw this.#hide(error);
    }
  }

  async #answer<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#hide(error);
    }
  }

  #hide(error: unknown): Error {
    return toProtocolError(error, this.#log);
  }
}
