import { type AgentTask, outcomeOf } from '../calls/outcome.ts';
import { decideSwitches } from '../policy/decide.ts';
import type { ReceiptStore } from '../receipts/ports.ts';
import type { AgentLink, Answer, TaskRef } from './agent-call.ts';
import { type GatewayAgent, type Switches, switchesOf } from './agents.ts';
import type { Credentials, GivenCredential } from './credentials.ts';
import type { InvokeAgentResponse } from './gateway.ts';
import { refusedByPolicy } from './gateway-error.ts';
import type { TaskListRequest } from './requests.ts';

/** A task of a caller, and the credential it gave. */
export interface CallerTask extends Omit<TaskRef, 'credential'> {
  given: GivenCredential;
}

/** The tasks of agents. These calls leave no receipt; only blocks and revocations stand against them. */
export class AgentTasks {
  readonly #link: AgentLink;
  readonly #receipts: Pick<ReceiptStore, 'ofTask'>;
  readonly #switches: Switches;
  readonly #credentials: Credentials;

  constructor(options: {
    link: AgentLink;
    receipts: Pick<ReceiptStore, 'ofTask'>;
    switches: Switches;
    credentials: Credentials;
  }) {
    this.#credentials = options.credentials;
    this.#link = options.link;
    this.#receipts = options.receipts;
    this.#switches = options.switches;
  }

  /** @throws GatewayError 403, 404, 502. */
  async get(ref: CallerTask, historyLength: number): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    return this.#envelope(ref, await this.#link.get(await this.#with(ref), historyLength));
  }

  /** @throws GatewayError 403, 404, 409 when it has ended, 502. */
  async cancel(ref: CallerTask, signal: AbortSignal): Promise<InvokeAgentResponse> {
    await this.#allow(ref.agent);
    return this.#envelope(ref, await this.#link.cancel(await this.#with(ref), signal));
  }

  /** A page of the caller's tasks as the `output` of the call. @throws GatewayError 400, 403, 502. */
  async list(
    agent: GatewayAgent,
    caller: string,
    { context_id, status, page_size, page_token, ...given }: TaskListRequest,
  ): Promise<InvokeAgentResponse> {
    await this.#allow(agent);
    const { tasks, nextPageToken, raw } = await this.#link.list({
      agent,
      caller,
      contextId: context_id,
      credential: await this.#credential(agent, caller, given),
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
  async *subscribe(
    ref: CallerTask,
    signal: AbortSignal,
  ): AsyncGenerator<InvokeAgentResponse, void, undefined> {
    await this.#allow(ref.agent);
    let receiptId: string | undefined;
    for await (const answer of this.#link.subscribe(await this.#with(ref), signal)) {
      receiptId ??= await this.#receiptOf(ref, answer.task);
      yield envelopeOf(ref, answer, receiptId);
    }
  }

  async #with(ref: CallerTask): Promise<TaskRef> {
    const { given, ...task } = ref;
    return { ...task, credential: await this.#credential(ref.agent, ref.caller, given) };
  }

  /** Agents of this host need none. */
  async #credential(
    { remote, providerId }: GatewayAgent,
    caller: string,
    given: GivenCredential,
  ): Promise<string | undefined> {
    return remote && this.#credentials.resolve(given, { caller, providerId });
  }

  async #envelope(ref: CallerTask, answer: Answer): Promise<InvokeAgentResponse> {
    return envelopeOf(ref, answer, await this.#receiptOf(ref, answer.task));
  }

  /** Of the call that began the task. */
  #receiptOf({ agent, caller }: CallerTask, { id }: AgentTask): Promise<string | undefined> {
    return this.#receipts.ofTask({ agentId: agent.agentId, caller, taskId: id });
  }

  async #allow(agent: GatewayAgent): Promise<void> {
    const switches = switchesOf(agent, await this.#switches.current());
    const decision = decideSwitches(switches.agent, switches.provider);
    if (decision.decision === 'refuse') throw refusedByPolicy(decision);
  }
}

const envelopeOf = (
  { agent }: CallerTask,
  { task, raw }: Answer,
  receiptId: string | undefined,
): InvokeAgentResponse => ({
  agent_id: agent.agentId,
  ...outcomeOf(task),
  ...(receiptId === undefined ? {} : { receipt_id: receiptId }),
  raw,
});
