import './buffer.ts';
import type { Client } from '@a2a-js/sdk/client';
import { AGENT_BINDING, agentUrl, readCard } from './agents.ts';
import { hostFetch } from './http.ts';
import { pauseBefore } from './pause.ts';
import { applied, isEnded, type Part, type TaskView } from './task-view.ts';

/** What a message is answered with: a task, or a plain message where the agent makes none of it. */
export type Answer = { task: TaskView } | { reply: Part[] };

/** One agent, spoken to and listened to. */
export interface AgentLink {
  /** @param messageId the same for a message that is sent again: it is taken once. */
  send(parts: Part[], options: { messageId: string; taskId?: string }): Promise<Answer>;
  /** The task now and after each change until it ends, across lost connections. @throws when there is no such task. */
  watch(taskId: string, options: WatchOptions): AsyncGenerator<TaskView>;
  cancel(taskId: string): Promise<TaskView>;
}

export interface WatchOptions {
  signal: AbortSignal;
  /** Told when the connection is lost, and when it is there again. */
  onConnection(live: boolean): void;
}

/** An agent of this host, by the protocol's own client. */
export async function linkTo(code: string): Promise<AgentLink> {
  const [sdk, { ClientFactory, JsonRpcTransportFactory }, card] = await Promise.all([
    import('@a2a-js/sdk'),
    import('@a2a-js/sdk/client'),
    readCard(code),
  ]);
  const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl: hostFetch })] });
  // The page may be reached under another name than the card tells; it calls where it came from.
  const here = { url: agentUrl(code), protocolBinding: AGENT_BINDING, protocolVersion: '1.0' };
  const client = await factory.createFromAgentCard(
    sdk.AgentCard.fromJSON({ ...card, supportedInterfaces: [here] }),
  );
  return new Link(client, sdk);
}

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

  async *watch(taskId: string, { signal, onConnection }: WatchOptions): AsyncGenerator<TaskView> {
    let task: TaskView | undefined;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        for await (const event of this.#client.resubscribeTask({ tenant: '', id: taskId }, { signal })) {
          tries = 0;
          onConnection(true);
          task = applied(task, this.#sdk.StreamResponse.toJSON(event) as object);
          if (task !== undefined) yield task;
        }
      } catch {
        // Lost, or refused because the task has ended: asked for by itself below.
      }
      if (signal.aborted) return;
      const now = await this.#read(taskId);
      if (now !== undefined) {
        yield now;
        if (isEnded(now)) return;
      } else onConnection(false);
      await pauseBefore(tries, signal);
    }
  }

  /** Undefined while nothing answers. @throws what the host says against it. */
  async #read(taskId: string): Promise<TaskView | undefined> {
    try {
      const task = await this.#client.getTask({ tenant: '', id: taskId });
      return this.#sdk.Task.toJSON(task) as TaskView;
    } catch (error) {
      if (error instanceof TypeError || !navigator.onLine) return undefined;
      throw error;
    }
  }
}
