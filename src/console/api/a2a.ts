import './buffer.ts';
import type { Client } from '@a2a-js/sdk/client';
import { AGENT_BINDING, agentUrl, readCard } from './agents.ts';
import { hostFetch, refusal, unanswered } from './http.ts';
import { PASSING, passes } from './persist.ts';
import { applied, type Part, type TaskView } from './task-view.ts';

/** What a message is answered with: a task, or a plain message where the agent makes none of it. */
export type Answer = { task: TaskView } | { reply: Part[] };

/** One agent, spoken to and listened to. */
export interface AgentLink {
  /** @param messageId the same for a message that is sent again: it is taken once. */
  send(parts: Part[], options: { messageId: string; taskId?: string }): Promise<Answer>;
  /**
   * The task now and after each change, until it ends or the connection does.
   * @throws ApiError that passes when the connection is lost, and others, as when there is no such task.
   */
  watch(taskId: string, signal: AbortSignal): AsyncGenerator<TaskView>;
  cancel(taskId: string): Promise<TaskView>;
}

/** An agent of this host, by the protocol's own client. */
export async function linkTo(code: string): Promise<AgentLink> {
  const [sdk, { ClientFactory, JsonRpcTransportFactory }, card] = await Promise.all([
    import('@a2a-js/sdk'),
    import('@a2a-js/sdk/client'),
    readCard(code),
  ]);
  const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl: answered })] });
  // The page may be reached under another name than the card tells; it calls where it came from.
  const here = { url: agentUrl(code), protocolBinding: AGENT_BINDING, protocolVersion: '1.0' };
  const client = await factory.createFromAgentCard(
    sdk.AgentCard.fromJSON({ ...card, supportedInterfaces: [here] }),
  );
  return new Link(client, sdk);
}

/** `hostFetch` that throws where the protocol did not answer: the client knows no other failures than its own. */
const answered: typeof fetch = async (input, init) => {
  const response = await hostFetch(input, init).catch((error: unknown) => {
    throw init?.signal?.aborted ? error : unanswered(error);
  });
  if (PASSING.includes(response.status)) throw await refusal(response);
  return response;
};

type Sdk = typeof import('@a2a-js/sdk');

class Link implements AgentLink {
  readonly #client: Client;
  readonly #sdk: Sdk;

  constructor(client: Client, sdk: Sdk) {
    this.#client = client;
    this.#sdk = sdk;
  }

  async send(parts: Part[], { messageId, taskId }: { messageId: string; taskId?: string }): Promise<Answer> {
    const { SendMessageRequest, Message, Task } = this.#sdk;
    const message = { messageId, role: 'ROLE_USER', parts, ...(taskId === undefined ? {} : { taskId }) };
    const result = await this.#client.sendMessage(
      SendMessageRequest.fromJSON({ message, configuration: { returnImmediately: true } }),
    );
    return 'status' in result
      ? { task: Task.toJSON(result) as TaskView }
      : { reply: (Message.toJSON(result) as { parts?: Part[] }).parts ?? [] };
  }

  async cancel(taskId: string): Promise<TaskView> {
    const task = await this.#client.cancelTask({ tenant: '', id: taskId, metadata: undefined });
    return this.#sdk.Task.toJSON(task) as TaskView;
  }

  async *watch(taskId: string, signal: AbortSignal): AsyncGenerator<TaskView> {
    let task: TaskView | undefined;
    let lost: unknown;
    try {
      for await (const event of this.#client.resubscribeTask({ tenant: '', id: taskId }, { signal })) {
        task = applied(task, this.#sdk.StreamResponse.toJSON(event) as object);
        if (task !== undefined) yield task;
      }
    } catch (error) {
      // Lost, or refused because the task has ended: asked for by itself below.
      lost = error;
    }
    if (signal.aborted) return;
    yield this.#sdk.Task.toJSON(await this.#client.getTask({ tenant: '', id: taskId })) as TaskView;
    if (passes(lost)) throw lost;
  }
}
