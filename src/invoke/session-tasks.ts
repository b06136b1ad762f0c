import { ALL_SEEING_SCOPE, isVisible, type Viewer } from '../agents/access.ts';
import type { RequestLimits } from '../auth/limits/request-limits.ts';
import { HostError, invalidParams, taskNotFound } from '../errors.ts';
import type { TaskCursor, TaskKey } from '../tasks/ports.ts';
import type { TaskService } from '../tasks/service.ts';
import type { Task, TaskState } from '../tasks/task.ts';
import { readPlace, writePlace } from '../web/page-token.ts';
import type { InvokedAgent, InvokedAgents } from './agents.ts';
import { RPC, RpcError } from './rpc-error.ts';

export interface SessionQuery {
  sessionId?: string | undefined;
  status?: TaskState | undefined;
  cursor?: string | undefined;
  limit: number;
  historyLength?: number | undefined;
}

export interface SessionTasksOptions {
  tasks: TaskService;
  agents: InvokedAgents;
  /** Why agents are switched off; undefined for those that are not. */
  refusals(): Promise<(agentId: string) => string | undefined>;
  limits: Pick<RequestLimits, 'countAgent'>;
}

/** The caller's tasks, with whatever agent and by whatever surface they began; an admin reads everybody's. */
export class SessionTasks {
  readonly #tasks: TaskService;
  readonly #agents: InvokedAgents;
  readonly #refusals: SessionTasksOptions['refusals'];
  readonly #limits: SessionTasksOptions['limits'];

  constructor({ tasks, agents, refusals, limits }: SessionTasksOptions) {
    this.#limits = limits;
    this.#tasks = tasks;
    this.#agents = agents;
    this.#refusals = refusals;
  }

  /**
   * @throws HostError `task_not_found`, also when its agent is not there for this caller; RpcError 403 when it is
   * switched off.
   */
  async get(caller: Viewer, taskId: string, historyLength?: number): Promise<Task> {
    return (await this.find(caller, taskId, historyLength)).task;
  }

  /** The same with its agent. */
  find(caller: Viewer, taskId: string, historyLength?: number): Promise<{ task: Task; agent: InvokedAgent }> {
    return this.#find(seenBy(caller), caller, { taskId, historyLength });
  }

  /** Newest first; without those of agents that are switched off. @throws HostError `invalid_params`. */
  async list(
    caller: Viewer,
    { sessionId, status, cursor, limit, historyLength }: SessionQuery,
  ): Promise<{ tasks: Task[]; nextCursor: string | null }> {
    const { tasks, next } = await this.#tasks.list({
      ...seenBy(caller),
      limit,
      ...(sessionId === undefined ? {} : { contextId: sessionId }),
      ...(status === undefined ? {} : { state: status }),
      ...(historyLength === undefined ? {} : { history: historyLength }),
      ...(cursor === undefined ? {} : { cursor: readCursor(cursor) }),
    });
    const agents = await Promise.all(tasks.map(({ agentCode }) => this.#agents.known(agentCode)));
    const refusalOf = await this.#refusals();
    const isOpen = (agent: InvokedAgent | undefined) =>
      agent !== undefined && isThere(agent, caller) && refusalOf(agent.agentId) === undefined;
    return {
      tasks: tasks.filter((_, index) => isOpen(agents[index])),
      nextCursor: next === undefined ? null : writeCursor(next),
    };
  }

  /**
   * The task as it stands once the agent has cleaned up, or `signal` aborts.
   * @param again an earlier try of the same request may have canceled it.
   * @throws HostError `task_not_cancelable`.
   */
  async cancel(
    caller: Viewer,
    taskId: string,
    { signal, again }: { signal: AbortSignal; again: boolean },
  ): Promise<Task> {
    const { task, agent } = await this.#find({ owner: caller.id }, caller, {
      taskId,
      historyLength: again ? undefined : 0,
    });
    if (again && task.status.state === 'canceled') return task;
    const key = { owner: caller.id, agentCode: task.agentCode, taskId: task.id };
    try {
      return await this.#tasks.cancel(key, agent.definition, signal);
    } catch (error) {
      if (!again || !(error instanceof HostError && error.code === 'task_not_cancelable')) throw error;
      // What an earlier try has asked for may have come to pass only now.
      const now = await this.#tasks.get(key);
      if (now.status.state !== 'canceled') throw error;
      return now;
    }
  }

  async #find(
    whose: Pick<TaskKey, 'owner' | 'anyOwner'>,
    caller: Viewer,
    { taskId, historyLength }: { taskId: string; historyLength: number | undefined },
  ): Promise<{ task: Task; agent: InvokedAgent }> {
    const task = await this.#tasks.get({ ...whose, taskId }, historyLength);
    const agent = await this.#agents.known(task.agentCode);
    if (agent === undefined || !isThere(agent, caller)) throw taskNotFound();
    await this.#limits.countAgent(caller, agent.agentId);
    const refusal = (await this.#refusals())(agent.agentId);
    if (refusal !== undefined) throw new RpcError(RPC.invalidRequest, refusal, 403);
    return { task, agent };
  }
}

const isThere = (agent: InvokedAgent | undefined, caller: Viewer): boolean =>
  agent !== undefined && isVisible(agent, caller);

/** Whose tasks a caller reads: its own, and an admin everybody's. */
const seenBy = ({ id, scopes }: Viewer): Pick<TaskKey, 'owner' | 'anyOwner'> => ({
  owner: id,
  ...(scopes.has(ALL_SEEING_SCOPE) && { anyOwner: true }),
});

const writeCursor = ({ statusAt: at, id }: TaskCursor): string => writePlace({ at, id });

function readCursor(text: string): TaskCursor {
  const place = readPlace(text);
  if (place === undefined) throw invalidParams('cursor', 'is not one this list gave');
  return { statusAt: place.at, id: place.id };
}
