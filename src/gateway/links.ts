import type { AgentCall, AgentLink, Answer, AnswerList, TaskListQuery, TaskRef } from './agent-call.ts';
import type { GatewayAgent } from './agents.ts';

/** Each agent by the link that reaches it. */
export class Links implements AgentLink {
  readonly #of: (agent: GatewayAgent) => AgentLink;

  constructor({ local, remote }: { local: AgentLink; remote: AgentLink }) {
    this.#of = (agent) => (agent.remote === undefined ? local : remote);
  }

  begin(call: AgentCall): Promise<Answer> {
    return this.#of(call.agent).begin(call);
  }

  send(call: AgentCall, signal: AbortSignal): Promise<Answer> {
    return this.#of(call.agent).send(call, signal);
  }

  get(ref: TaskRef, historyLength: number, signal?: AbortSignal): Promise<Answer> {
    return this.#of(ref.agent).get(ref, historyLength, signal);
  }

  cancel(ref: TaskRef, signal: AbortSignal): Promise<Answer> {
    return this.#of(ref.agent).cancel(ref, signal);
  }

  list(query: TaskListQuery): Promise<AnswerList> {
    return this.#of(query.agent).list(query);
  }

  subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    return this.#of(ref.agent).subscribe(ref, signal);
  }
}
