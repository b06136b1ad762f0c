import { callEndOf, outcomeOf } from '../calls/outcome.ts';
import { messageOf as textOf } from '../errors.ts';
import { decideSwitches } from '../policy/decide.ts';
import type { ReceiptLedger } from '../receipts/ledger.ts';
import type { AgentRecords, CallStore, OpenCall, RunningReceipt } from '../receipts/ports.ts';
import { LATE } from '../receipts/settle.ts';
import type { AgentCall, AgentLink, Answer, RemoteAgentLink } from './agent-call.ts';
import { type GatewayAgent, type GatewayAgents, type Switches, switchesOf } from './agents.ts';
import type { Credentials } from './credentials.ts';
import { agentNotFound, asGatewayError, GatewayError, refusedByPolicy } from './gateway-error.ts';
import { messageOf } from './message.ts';
import { invokeSchema, parseBody } from './requests.ts';

export interface BackgroundCallsOptions {
  calls: CallStore;
  ledger: ReceiptLedger;
  records: AgentRecords;
  agents: GatewayAgents;
  local: Pick<AgentLink, 'begin'>;
  remote: Pick<RemoteAgentLink, 'begin' | 'settled'>;
  credentials: Credentials;
  switches: Switches;
  /** Says once that something is switched off. @returns what ends the watch. */
  watch(holds: () => Promise<boolean>, end: () => void): () => void;
  /** After so long a call has failed. */
  deadlineMs: number;
  /** Makes their receipts final, as far as their agents know of an end. */
  settle(calls: RunningReceipt[]): Promise<void>;
}

/** Makes the calls that nobody waits for. What it does may be done again, by any process. */
export class BackgroundCalls {
  readonly #options: BackgroundCallsOptions;

  constructor(options: BackgroundCallsOptions) {
    this.#options = options;
  }

  /**
   * Makes the call of an open receipt, unless it was made; one of an agent elsewhere is left to `follow`.
   * @returns how much time is left for one elsewhere.
   * @throws HostError `unavailable`: to be tried again.
   */
  async begin(receiptId: string): Promise<{ leftMs: number } | undefined> {
    const call = await this.#options.calls.open(receiptId);
    if (call === undefined) return undefined;
    const agent = await this.#options.agents.find(call.receipt.agent_id);
    if (agent?.remote !== undefined) return { leftMs: Math.max(1, this.#options.deadlineMs - call.ageMs) };
    await this.#make(call);
    // It may have ended before anybody knew whose end that is.
    await this.#options.settle([call]);
    return undefined;
  }

  /**
   * Makes the call of an agent elsewhere, unless it was made, and stays with its task until that ends or asks; then
   * its receipt is final. Ends when `signal` aborts, to be followed again.
   * @throws when the agent cannot be reached: to be tried again.
   */
  async follow(receiptId: string, signal: AbortSignal): Promise<void> {
    const call = await this.#options.calls.open(receiptId);
    if (call === undefined) return;
    await this.#orFailed(call, async () => {
      const answer = await this.#whileOn(call, signal);
      const end = answer && callEndOf(answer.task, answer.paymentReceipt);
      if (answer === undefined || end === undefined) return;
      const { receipt_id, provider_id } = call.receipt;
      const { task_id, context_id } = outcomeOf(answer.task);
      const named = task_id === undefined ? {} : { task_id };
      await this.#options.ledger.finish({ receipt_id, provider_id, ...end, ...named, context_id });
    });
  }

  /** The time of a call is up. */
  async expire(receiptId: string): Promise<void> {
    const call = await this.#options.calls.open(receiptId);
    if (call !== undefined) await this.#fail(call, LATE);
  }

  /** Makes the receipts final of calls that wait for this task, if it has ended or asks. */
  async taskChanged(taskId: string): Promise<void> {
    const calls = await this.#options.calls.ofRunningTask(taskId);
    if (calls.length > 0) await this.#options.settle(calls);
  }

  async #make(call: OpenCall): Promise<void> {
    const { local, records } = this.#options;
    const known = await records.ofCalls([call]);
    if (known.get(call.receipt.receipt_id)?.record !== 'absent') return;
    await this.#orFailed(call, async () => {
      await this.#noteTask(call, await local.begin(await this.#agentCall(call)));
    });
  }

  /** Ends with the refusal once its agent is switched off. */
  async #whileOn(call: OpenCall, signal: AbortSignal): Promise<Answer | undefined> {
    const { agent_id: agentId, provider_id: providerId } = call.receipt;
    const refusal = () => this.#refusal({ agentId, providerId });
    const off = new AbortController();
    const watched = this.#options.watch(
      async () => (await refusal()) === undefined,
      () => off.abort(),
    );
    try {
      const answer = await this.#followed(call, AbortSignal.any([signal, off.signal]));
      const refused = off.signal.aborted ? await refusal() : undefined;
      if (refused !== undefined) throw refused;
      return answer;
    } finally {
      watched();
    }
  }

  async #refusal(agent: Pick<GatewayAgent, 'agentId' | 'providerId'>): Promise<GatewayError | undefined> {
    const { agent: switched, provider } = switchesOf(agent, await this.#options.switches.current());
    const decision = decideSwitches(switched, provider);
    return decision.decision === 'refuse' ? refusedByPolicy(decision) : undefined;
  }

  async #followed(call: OpenCall, signal: AbortSignal): Promise<Answer | undefined> {
    const { remote } = this.#options;
    const agentCall = await this.#agentCall(call);
    const { task_id } = call.receipt;
    if (call.sent && task_id !== undefined) return remote.settled({ ...agentCall, taskId: task_id }, signal);
    const begun = await remote.begin(agentCall);
    if (callEndOf(begun.task) !== undefined) return begun;
    await this.#noteTask(call, begun);
    return remote.settled({ ...agentCall, taskId: begun.task.id }, signal);
  }

  async #noteTask({ receipt }: OpenCall, { task }: Answer): Promise<void> {
    const { task_id, context_id } = outcomeOf(task);
    if (task_id === undefined) return;
    await this.#options.ledger.noteTask(receipt.receipt_id, { taskId: task_id, contextId: context_id });
  }

  async #agentCall(call: OpenCall): Promise<AgentCall> {
    const { receipt, request, messageId, scopes } = call;
    const { receipt_id, provider_id, agent_id, caller } = receipt;
    const { agents, credentials } = this.#options;
    const agent = await agents.find(agent_id);
    if (agent === undefined) throw agentNotFound(agent_id);
    const outgoing = messageOf(parseBody(invokeSchema, request), messageId);
    if (agent.providerId !== provider_id) throw anotherProviders();
    // It was accepted, and may have been switched off since.
    const refused = await this.#refusal(agent);
    if (refused !== undefined) throw refused;
    const credential = agent.remote && (await credentials.ofCall(receipt_id, call, { caller, agent }));
    return { agent, caller, scopes, ...outgoing, credential };
  }

  /** An agent that is away is called again, until the call's time is up; anything else is the call's end. */
  async #orFailed(call: OpenCall, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code, status, message } = asGatewayError(error);
      if (status === 503 || status === 502 || status === 504) throw error;
      await this.#fail(call, `${code}: ${message}`);
      if (status === 500)
        throw new Error(`the call of receipt ${call.receipt.receipt_id} failed: ${textOf(error)}`);
    }
  }

  async #fail({ receipt: { receipt_id, provider_id } }: OpenCall, stderr: string): Promise<void> {
    await this.#options.ledger.finish({ receipt_id, provider_id, status: 'failed', result: { stderr } });
  }
}

/** What the call says is for whom it was made to. */
const anotherProviders = (): GatewayError =>
  new GatewayError(422, 'unprocessable', 'The agent of this id is another provider’s by now');
