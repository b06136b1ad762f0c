import { setTimeout as delay } from 'node:timers/promises';
import {
  AgentCard,
  type ListTasksResponse,
  type SendMessageRequest,
  Message as WireMessage,
  type Task as WireTask,
} from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel';
import { stateToWire } from '../a2a/convert.ts';
import type {
  AgentCall,
  AgentLink,
  Answer,
  AnswerList,
  TaskListQuery,
  TaskRef,
} from '../gateway/agent-call.ts';
import type { GatewayAgent, RemoteAgentStore } from '../gateway/agents.ts';
import { GatewayError } from '../gateway/gateway-error.ts';
import { isFinal, isSettled } from '../tasks/state.ts';
import type { Json, Message } from '../tasks/task.ts';
import { presentAs } from './credentials.ts';
import { agentError } from './errors.ts';
import { paymentReceiptOf, replyFromWire, taskFromWire } from './wire.ts';

/** How often a task that goes on is asked for, at first and at last. */
const POLL_MS = { first: 100, last: 5_000 };
/** An agent counts as away after so many calls in a row, and is then tried once in a while. */
const FAILURES = 5;
const TRY_AGAIN_MS = 10_000;

export interface RemoteLinkOptions {
  fetchTo(agent: { allowPrivate: boolean }): typeof fetch;
  store: Pick<RemoteAgentStore, 'seen'>;
}

/** What came of the last request: the body, as the agent gave it. */
interface Heard {
  body?: Json;
}

interface Line {
  client: Client;
  heard: Heard;
}

/** Agents elsewhere, through the protocol's own client, in the version and the transport that their cards offer. */
export class RemoteLink implements AgentLink {
  readonly #fetchTo: RemoteLinkOptions['fetchTo'];
  readonly #store: RemoteLinkOptions['store'];
  readonly #breakers = new Map<string, ReturnType<typeof breaker>>();

  constructor({ fetchTo, store }: RemoteLinkOptions) {
    this.#fetchTo = fetchTo;
    this.#store = store;
  }

  async begin(call: AgentCall): Promise<Answer['task']> {
    return (await this.#begin(call, undefined)).task;
  }

  async send(call: AgentCall, signal: AbortSignal): Promise<Answer> {
    let answer = await this.#begin(call, signal);
    const ref = { ...call, taskId: answer.task.id };
    for (
      let wait = POLL_MS.first;
      !isSettled(answer.task.status.state);
      wait = Math.min(wait * 2, POLL_MS.last)
    ) {
      await delay(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return answer;
      answer = await this.#get(ref, 0, signal).catch((error: unknown) => {
        // As it stood: its receipt follows it.
        if (signal.aborted) return answer;
        throw error;
      });
    }
    return answer;
  }

  #begin({ agent, message, taskId, contextId, credential }: AgentCall, signal: AbortSignal | undefined) {
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
    return this.#call(agent, credential, async ({ client, heard }) => {
      const result = await client.sendMessage(request, options(signal));
      const task = 'status' in result ? checked(result as WireTask, taskId) : undefined;
      if (task !== undefined) return answerOf(task, heard);
      const reply = result as WireMessage;
      return withPayment(
        { task: replyFromWire(reply), raw: rawOf(heard) },
        { metadata: reply.metadata, status: undefined },
      );
    });
  }

  get(ref: TaskRef, historyLength: number): Promise<Answer> {
    return this.#get(ref, historyLength, undefined);
  }

  #get({ agent, taskId, credential }: TaskRef, historyLength: number, signal: AbortSignal | undefined) {
    return this.#call(agent, credential, async ({ client, heard }) => {
      const task = await client.getTask({ tenant: '', id: taskId, historyLength }, options(signal));
      return answerOf(checked(task, taskId), heard);
    });
  }

  cancel({ agent, taskId, credential }: TaskRef, signal: AbortSignal): Promise<Answer> {
    return this.#call(agent, credential, async ({ client, heard }) => {
      const task = await client.cancelTask({ tenant: '', id: taskId, metadata: undefined }, options(signal));
      return answerOf(checked(task, taskId), heard);
    });
  }

  list({ agent, contextId, status, limit, pageToken, credential }: TaskListQuery): Promise<AnswerList> {
    return this.#call(agent, credential, async ({ client, heard }) => {
      const page: ListTasksResponse = await client.listTasks({
        tenant: '',
        contextId: contextId ?? '',
        status: stateToWire(status),
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

  /** Asks for the task again and again: what an agent streams, it also keeps. */
  async *subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    let last = '';
    for (let wait = POLL_MS.first; !signal.aborted; wait = Math.min(wait * 2, POLL_MS.last)) {
      const answer = await this.#get(ref, 0, undefined);
      const now = JSON.stringify(answer.task);
      if (now !== last) {
        yield answer;
        wait = POLL_MS.first;
      }
      last = now;
      if (isFinal(answer.task.status.state)) return;
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #call<T>(
    agent: GatewayAgent,
    credential: string | undefined,
    work: (line: Line) => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const { agentId } = agent;
    try {
      const result = await this.#breaker(agentId).execute(async () =>
        work(await this.#lineTo(agent, credential)),
      );
      this.#seen(agentId, true, began);
      return result;
    } catch (error) {
      if (isBrokenCircuitError(error)) {
        throw new GatewayError(
          502,
          'agent_failed',
          'The agent has not answered lately; it is tried again soon',
        );
      }
      const told = agentError(error);
      this.#seen(agentId, told.status < 500, began);
      throw told;
    }
  }

  #seen(agentId: string, answered: boolean, began: number): void {
    // What is counted is no reason to fail.
    this.#store.seen(agentId, { answered, ms: Math.round(performance.now() - began) }).catch(() => undefined);
  }

  #breaker(agentId: string) {
    const known = this.#breakers.get(agentId) ?? breaker();
    this.#breakers.set(agentId, known);
    return known;
  }

  async #lineTo({ agentId, remote }: GatewayAgent, credential: string | undefined): Promise<Line> {
    if (remote === undefined) throw new Error(`agent ${agentId} is one of this host`);
    const card = AgentCard.fromJSON(remote.card);
    const heard: Heard = {};
    const fetchImpl = listening(this.#fetchTo(remote), heard, credential && presentAs(card, credential));
    const compat = { fetchImpl, legacyCompat: { enabled: true } };
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory(compat), new RestTransportFactory(compat)],
      clientConfig: { polling: true },
    });
    return { client: await factory.createFromAgentCard(card), heard };
  }
}

const breaker = () =>
  circuitBreaker(
    handleWhen((error) => agentError(error).status >= 500),
    { breaker: new ConsecutiveBreaker(FAILURES), halfOpenAfter: TRY_AGAIN_MS },
  );

const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

/** Keeps each JSON answer beside what the client makes of it, and presents the credential. */
function listening(
  inner: typeof fetch,
  heard: Heard,
  present: ReturnType<typeof presentAs> | '' | undefined,
): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    if (present) present(url, headers);
    const response = await inner(url, { ...init, headers });
    if (!/json/.test(response.headers.get('content-type') ?? '')) return response;
    const text = await response.text();
    try {
      heard.body = JSON.parse(text) as Json;
    } catch {
      // The client says so.
    }
    return new Response(text, { status: response.status, headers: response.headers });
  };
}

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
