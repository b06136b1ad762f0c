import type { AgentDefinition } from '../agents/definition.ts';
import { HostError } from '../errors.ts';
import type { TaskCursor, TaskKey } from '../tasks/ports.ts';
import type { Sent, TaskService } from '../tasks/service.ts';
import { applyChange } from '../tasks/state.ts';
import type { Json, Task } from '../tasks/task.ts';
import { readPlace, writePlace } from '../web/page-token.ts';
import type {
  AgentCall,
  AgentLink,
  Answer,
  AnswerList,
  ShowTask,
  TaskListQuery,
  TaskRef,
} from './agent-call.ts';
import type { GatewayAgent } from './agents.ts';
import { invalidRequest } from './gateway-error.ts';

const FIRST_WORD_MS = 10_000;

/** The host's own workflows. They need no credentials, so a caller's go no further. */
export class LocalLink implements AgentLink {
  readonly #tasks: TaskService;
  readonly #show: ShowTask;

  constructor({ tasks, show }: { tasks: TaskService; show: ShowTask }) {
    this.#tasks = tasks;
    this.#show = show;
  }

  async begin(call: AgentCall): Promise<Answer> {
    const sent = await this.#send(call);
    // Until it has said something, an agent that may reply has no task to be named.
    return this.#answer(await untilDecided(sent, (signal) => this.#tasks.decided(sent, signal)), 0);
  }

  async send(call: AgentCall, signal: AbortSignal): Promise<Answer> {
    const { task } = await this.#send(call);
    // One whose workflow engine is away is waited for as well: it goes on by itself.
    return this.#answer(await this.#tasks.settled({ task, deferred: false }, signal), 0);
  }

  #send({ agent, caller, scopes, message, taskId, contextId, once }: AgentCall) {
    return this.#tasks.send({
      owner: caller,
      scopes,
      agent: definitionOf(agent),
      message,
      takesReply: true,
      ...(once && { once }),
      ...(taskId === undefined ? {} : { taskId }),
      ...(contextId === undefined ? {} : { contextId }),
    });
  }

  async get(ref: TaskRef, historyLength: number): Promise<Answer> {
    return this.#answer(await this.#tasks.get(keyOf(ref), historyLength), historyLength);
  }

  async cancel(ref: TaskRef, signal: AbortSignal): Promise<Answer> {
    return this.#answer(
      await this.#tasks.cancel(keyOf({ ...ref, seesAll: false }), definitionOf(ref.agent), signal),
      0,
    );
  }

  async list(query: TaskListQuery): Promise<AnswerList> {
    const { agent, caller, seesAll = false, contextId, states, limit, pageToken } = query;
    const page = await this.#tasks.list({
      owner: caller,
      anyOwner: seesAll,
      agentCode: agent.agentId,
      limit,
      ...(contextId === undefined ? {} : { contextId }),
      ...(states === undefined ? {} : { state: states }),
      ...(pageToken === undefined ? {} : { cursor: readToken(pageToken) }),
    });
    const nextPageToken = page.next === undefined ? '' : writeToken(page.next);
    return {
      tasks: page.tasks,
      ...(nextPageToken === '' ? {} : { nextPageToken }),
      raw: response({
        tasks: page.tasks.map((task) => this.#show(task, 0)),
        nextPageToken,
        pageSize: limit,
        totalSize: page.total,
      }),
    };
  }

  async *subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    let task = await this.#tasks.get(keyOf(ref));
    yield this.#answer(task, 0);
    for await (const change of this.#tasks.watch(task, signal)) {
      task = applyChange(task, change);
      yield this.#answer(task, 0);
    }
  }

  #answer(task: Task, historyLength: number): Answer {
    return { task, raw: response(this.#show(task, historyLength)) };
  }
}

/** No longer than a first word takes; what comes of it later is found by the sweep. */
async function untilDecided(sent: Sent, decide: (signal: AbortSignal) => Promise<Sent>): Promise<Task> {
  try {
    return (await decide(AbortSignal.timeout(FIRST_WORD_MS))).task;
  } catch (error) {
    if (error instanceof HostError && error.code === 'unavailable') return sent.task;
    throw error;
  }
}

function definitionOf({ agentId, definition }: GatewayAgent): AgentDefinition {
  if (definition === undefined) throw new Error(`agent ${agentId} is none of this host`);
  return definition;
}

const keyOf = ({ caller, seesAll = false, agent, taskId }: TaskRef): TaskKey => ({
  owner: caller,
  anyOwner: seesAll,
  agentCode: agent.agentId,
  taskId,
});

/** In a process there is but one request. */
const response = (result: Json): Json => ({ jsonrpc: '2.0', id: 1, result });

const writeToken = ({ statusAt: at, id }: TaskCursor): string => writePlace({ at, id });

function readToken(token: string): TaskCursor {
  const place = readPlace(token);
  if (place === undefined) throw invalidRequest('page_token: is not one this list gave');
  return { statusAt: place.at, id: place.id };
}
