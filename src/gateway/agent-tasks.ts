import { type AgentTask, outcomeOf } from '../calls/outcome.ts';
import { decideSwitches } from '../policy/decide.ts';
import type { ReceiptStore } from '../receipts/ports.ts';
import type { AgentLink, Answer, TaskRef } from './agent-call.ts';
import { type GatewayAgent, type Switches, switchesOf } from './agents.ts';
import type { InvokeAgentResponse } from './gateway.ts';
import { refusedByPolicy } from './gateway-error.ts';
import type { TaskListRequest } from './requests.ts';

/** The tasks of agents. These calls leave no receipt; only blocks and revocations stand against them. */
export class AgentTasks {
  readonly #link: AgentLink;
  readonly #receipts: Pick<ReceiptStore, 'ofTask'>;
  readonly #switches: Switches;

  constructor(options: { link: AgentLink; receipts: Pick<ReceiptStore, 'ofTask'>; switches: Switches }) {
    this.#link = options.link;
    this.#receipts = options.receipts;
    this.#switches = options.switches;
  }

  /** @throws GatewayError 403, 404, 502. */
  async get(ref: TaskRef, historyLength: number): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    return this.#envelope(ref, await this.#link.get(ref, historyLength));
  }

  /** @throws GatewayError 403, 404, 409 when it has ended, 502. */
  async cancel(ref: TaskRef, signal: AbortSignal): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    return this.#envelope(ref, await this.#link.cancel(ref, signal));
  }

  /** A page of the caller's tasks as the `output` of the call. @throws GatewayError 400, 403, 502. */
  async list(
    agent: GatewayAgent,
    caller: string,
    { context_id, status, page_size, page_token }: TaskListRequest,
  ): Promise<InvokeAgentResponse> {
    await this.#allow(agent);
    const { tasks, nextPageToken, raw } = await this.#link.list({
      agent,
      caller,
      contextId: context_id,
      status,
      limit: page_size,
      pageToken: page_token,
    });
    return {
      agent_id: agent.agentId,
      status: 'completed',
      output: {
        tasks: tasks.map((task) => ({ agent_id: agent.agentId, ...outcomeOf(task) })),
        next_page_token: nextPageToken ?? null,
      },
      raw,
    };
  }

  /** The task as it stands and after each change, until it ends. @throws GatewayError 403, 404, 502. */
  async *subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<InvokeAgentResponse, void, undefined> {
    await this.#allow(ref.agent);
    let receiptId: string | undefined;
    for await (const answer of this.#link.subscribe(ref, signal)) {
      receiptId ??= await this.#receiptOf(ref, answer.task);
      yield envelopeOf(ref, answer, receiptId);
    }
  }

  async #envelope(ref: TaskRef, answer: Answer): Promise<InvokeAgentResponse> {
    return envelopeOf(ref, answer, await this.#receiptOf(ref, answer.task));
  }

  /** Of the call that began the task. */
  #receiptOf({ agent, caller }: TaskRef, { id }: AgentTask): Promise<string | undefined> {
    return this.#receipts.ofTask({ agentId: agent.agentId, caller, taskId: id });
  }

  async #allow(agent: GatewayAgent): Promise<void> {
    const switches = switchesOf(agent, await this.#switches.current());
    const decision = decideSwitches(switches.agent, switches.provider);
    if (decision.decision === 'refuse') throw refusedByPolicy(decision);
  }
}

const envelopeOf = (
  { agent }: TaskRef,
  { task, raw }: Answer,
  receiptId: string | undefined,
): InvokeAgentResponse => ({
  agent_id: agent.agentId,
  ...outcomeOf(task),
  ...(receiptId === undefined ? {} : { receipt_id: receiptId }),
  raw,
});
