import type { AgentTask } from '../calls/outcome.ts';
import type { AgentCall, Answer, AnswerList, RemoteAgentLink, TaskListQuery, TaskRef } from './agent-call.ts';
import { GatewayError, taskNotFound } from './gateway-error.ts';

/** What an agent elsewhere calls by a name. */
export type NameKind = 'task' | 'context';

/** Whose the names of agents elsewhere are: whoever's call was first given one. */
export interface ForeignNames {
  /** Takes a name that is nobody's. @returns whether it is the caller's now. */
  take(agentId: string, kind: NameKind, name: string, caller: string): Promise<boolean>;
  /** Whether one of these is another caller's. */
  anyTaken(agentId: string, kind: NameKind, names: readonly string[], caller: string): Promise<boolean>;
}

/**
 * An agent elsewhere knows but one caller, the host: by the same message id it gives any of the host's callers the same
 * task, and in the same context it takes them for one. So what it names is kept apart here.
 */
export class OwnedLink implements RemoteAgentLink {
  readonly #link: RemoteAgentLink;
  readonly #names: ForeignNames;

  constructor({ link, names }: { link: RemoteAgentLink; names: ForeignNames }) {
    this.#link = link;
    this.#names = names;
  }

  /** @throws GatewayError also 404 for a context or a task that is another caller's; 409 when the agent answers with such a task. */
  async begin(call: AgentCall): Promise<Answer> {
    await this.#mayName(call);
    const answer = await this.#link.begin(call);
    await this.#mustOwn(call, answer.task);
    return answer;
  }

  /** @throws GatewayError as `begin`. */
  async send(call: AgentCall, signal: AbortSignal): Promise<Answer> {
    await this.#mayName(call);
    let owned = false;
    const own = async (task: AgentTask) => {
      if (!owned) await this.#mustOwn(call, task);
      owned = true;
    };
    const begun = async (task: AgentTask) => {
      await own(task);
      await call.begun?.(task);
    };
    const answer = await this.#link.send({ ...call, begun }, signal);
    await own(answer.task);
    return answer;
  }

  async #mayName({ agent: { agentId }, caller, contextId, message }: AgentCall): Promise<void> {
    const { referenceTaskIds = [] } = message;
    if (
      referenceTaskIds.length > 0 &&
      (await this.#names.anyTaken(agentId, 'task', referenceTaskIds, caller))
    )
      throw taskNotFound();
    if (contextId === undefined || (await this.#names.take(agentId, 'context', contextId, caller))) return;
    throw new GatewayError(404, 'context_not_found', 'Context not found');
  }

  async #mustOwn({ agent: { agentId }, caller, taskId }: AgentCall, task: AgentTask): Promise<void> {
    // One that is continued is the caller's already.
    if (taskId === undefined && !task.status.reply && !task.hidden) {
      if (!(await this.#names.take(agentId, 'task', task.id, caller)))
        throw new GatewayError(
          409,
          'message_id_taken',
          'message.messageId: the agent has it from another caller; give the message an id of its own',
        );
    }
    if (task.contextId !== '') await this.#names.take(agentId, 'context', task.contextId, caller);
  }

  get(ref: TaskRef, historyLength: number, signal?: AbortSignal): Promise<Answer> {
    return this.#link.get(ref, historyLength, signal);
  }

  cancel(ref: TaskRef, signal: AbortSignal): Promise<Answer> {
    return this.#link.cancel(ref, signal);
  }

  list(query: TaskListQuery): Promise<AnswerList> {
    return this.#link.list(query);
  }

  subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    return this.#link.subscribe(ref, signal);
  }

  settled(ref: TaskRef, signal: AbortSignal): Promise<Answer | undefined> {
    return this.#link.settled(ref, signal);
  }
}
