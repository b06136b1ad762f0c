import { setTimeout as delay } from 'node:timers/promises';
import {
  type ListTasksResponse,
  type SendMessageRequest,
  StreamResponse,
  Message as WireMessage,
  type Task as WireTask,
} from '@a2a-js/sdk';
import { stateToWire } from '../a2a/convert.ts';
import type {
  AgentCall,
  Answer,
  AnswerList,
  RemoteAgentLink,
  TaskListQuery,
  TaskRef,
} from '../gateway/agent-call.ts';
import { GatewayError } from '../gateway/gateway-error.ts';
import { isFinal, isSettled } from '../tasks/state.ts';
import type { Json, Message } from '../tasks/task.ts';
import { Lines, type LinesOptions } from './lines.ts';
import type { Heard } from './listening.ts';
import { paymentReceiptOf, replyFromWire, taskAfter, taskFromWire } from './wire.ts';

/** How long until a task that goes on is looked at again, at first and at last. */
const AGAIN_MS = { first: 100, last: 5_000 };

/** Agents elsewhere, through the protocol's own client. */
export class RemoteLink implements RemoteAgentLink {
  readonly #lines: Lines;

  constructor(options: LinesOptions) {
    this.#lines = new Lines(options);
  }

  begin(call: AgentCall): Promise<Answer> {
    return this.#begin(call, undefined);
  }

  async send(call: AgentCall, signal: AbortSignal): Promise<Answer> {
    const begun = await this.#begin(call, signal);
    if (isSettled(begun.task.status.state)) return begun;
    await call.begun?.(begun.task);
    return (await this.settled({ ...call, taskId: begun.task.id }, signal)) ?? begun;
  }

  #begin(call: AgentCall, signal: AbortSignal | undefined): Promise<Answer> {
    const { message, taskId, contextId } = call;
    const request: SendMessageRequest = {
      tenant: '',
      message: toWire(message, taskId, contextId),
      configuration: {
        acceptedOutputModes: [],
        taskPushNotificationConfig: undefined,
        // Its task is known as soon as there is one, whatever dies after.
        returnImmediately: true,
      },
      metadata: undefined,
    };
    return this.#lines.call(
      call,
      async ({ client, heard }) => {
        const result = await client.sendMessage(request, options(signal));
        const task = 'status' in result ? checked(result as WireTask, taskId) : undefined;
        if (task !== undefined) return answerOf(task, heard);
        const reply = result as WireMessage;
        return withPayment(
          { task: replyFromWire(reply), raw: rawOf(heard) },
          { metadata: reply.metadata, status: undefined },
        );
      },
      signal,
    );
  }

  async get(ref: TaskRef, historyLength: number, signal?: AbortSignal): Promise<Answer> {
    const { task, heard } = await this.#get(ref, historyLength, signal);
    return answerOf(task, heard);
  }

  #get({ taskId, ...to }: TaskRef, historyLength: number, signal: AbortSignal | undefined) {
    return this.#lines.call(
      to,
      async ({ client, heard }) => {
        const task = await client.getTask({ tenant: '', id: taskId, historyLength }, options(signal));
        // Read here, where what is no task counts as no answer.
        taskFromWire(task);
        return { task: checked(task, taskId), heard };
      },
      signal,
    );
  }

  cancel({ taskId, ...to }: TaskRef, signal: AbortSignal): Promise<Answer> {
    return this.#lines.call(
      to,
      async ({ client, heard }) => {
        const task = await client.cancelTask(
          { tenant: '', id: taskId, metadata: undefined },
          options(signal),
        );
        return answerOf(checked(task, taskId), heard);
      },
      signal,
    );
  }

  list({ contextId, states = [], limit, pageToken, ...to }: TaskListQuery): Promise<AnswerList> {
    return this.#lines.call(to, async ({ client, heard }) => {
      const page: ListTasksResponse = await client.listTasks({
        tenant: '',
        contextId: contextId ?? '',
        // The protocol has a place for one: of several the caller picks.
        status: stateToWire(states.length === 1 ? states[0] : undefined),
        pageSize: limit,
        pageToken: pageToken ?? '',
        historyLength: 0,
        statusTimestampAfter: undefined,
        includeArtifacts: true,
      });
      return {
        tasks: page.tasks.map(taskFromWire),
        ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
        raw: rawOf(heard),
      };
    });
  }

  async settled(ref: TaskRef, signal: AbortSignal): Promise<Answer | undefined> {
    let last: Answer | undefined;
    try {
      for await (const answer of this.subscribe(ref, signal)) {
        last = answer;
        // By its stream it has said so; what it keeps of the task is its answer.
        if (isSettled(answer.task.status.state)) return await this.get(ref, 0);
      }
    } catch (error) {
      // As it stood: its receipt follows it.
      if (!signal.aborted) throw error;
    }
    return last;
  }

  /** By the agent's own stream where its card offers one, and by asking again where it does not or the stream breaks. */
  async *subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    let last = '';
    const isNews = (answer: Answer) => {
      const now = JSON.stringify(answer.task);
      const news = now !== last;
      last = now;
      return news;
    };
    for (let wait = AGAIN_MS.first; !signal.aborted; wait = Math.min(wait * 2, AGAIN_MS.last)) {
      const { task, heard } = await this.#get(ref, 0, signal);
      const answer = answerOf(task, heard);
      if (isNews(answer)) {
        yield answer;
        wait = AGAIN_MS.first;
      }
      if (isFinal(answer.task.status.state)) return;
      for await (const change of this.#streamed(ref, task, signal)) {
        if (isNews(change)) yield change;
        if (isFinal(change.task.status.state)) return;
        wait = AGAIN_MS.first;
      }
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The task after each event of the agent's stream. One that breaks, or is not opened, has ended. */
  async *#streamed(
    { taskId, ...to }: TaskRef,
    task: WireTask,
    signal: AbortSignal,
  ): AsyncGenerator<Answer, void, undefined> {
    const { client, card } = await this.#lines.open(to);
    if (card.capabilities?.streaming !== true) return;
    let current = task;
    try {
      for await (const event of client.resubscribeTask({ tenant: '', id: taskId }, options(signal))) {
        current = checked(taskAfter(current, event), taskId);
        yield answerOf(current, { body: StreamResponse.toJSON(event) as Json });
      }
    } catch (error) {
      if (error instanceof GatewayError) throw error;
    }
  }
}

const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

/** Over HTTP+JSON the body is the result alone. */
function rawOf({ body = null }: Heard): Json {
  const isRpc = typeof body === 'object' && body !== null && 'jsonrpc' in body;
  return isRpc ? body : { jsonrpc: '2.0', id: 1, result: body };
}

const answerOf = (task: WireTask, heard: Heard): Answer =>
  withPayment({ task: taskFromWire(task), raw: rawOf(heard) }, task);

function withPayment(answer: Answer, source: Parameters<typeof paymentReceiptOf>[0]): Answer {
  const paymentReceipt = paymentReceiptOf(source);
  return paymentReceipt === undefined ? answer : { ...answer, paymentReceipt };
}

/** An agent that answers with another task than was asked for is not to be believed. */
function checked(task: WireTask, taskId: string | undefined): WireTask {
  if (taskId === undefined || task.id === taskId) return task;
  throw new GatewayError(502, 'agent_failed', 'The agent answered with another task');
}

const toWire = (message: Message, taskId: string | undefined, contextId: string | undefined): WireMessage =>
  WireMessage.fromJSON({
    ...message,
    role: 'ROLE_USER',
    taskId: taskId ?? '',
    contextId: contextId ?? '',
  });
