import { callEndOf, outcomeOf } from '../calls/outcome.ts';
import { messageOf as textOf } from '../errors.ts';
import type { ReceiptLedger } from '../receipts/ledger.ts';
import type { AgentRecords, CallStore, OpenCall, RunningReceipt } from '../receipts/ports.ts';
import type { AgentLink } from './agent-call.ts';
import type { GatewayAgents } from './agents.ts';
import type { Credentials } from './credentials.ts';
import { agentNotFound, asGatewayError } from './gateway-error.ts';
import { messageOf } from './message.ts';
import { invokeSchema, parseBody } from './requests.ts';

export interface BackgroundCallsOptions {
  calls: CallStore;
  ledger: ReceiptLedger;
  records: AgentRecords;
  agents: GatewayAgents;
  link: AgentLink;
  credentials: Credentials;
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
   * Makes the call of an open receipt, unless it was made.
   * @throws HostError `unavailable`: to be tried again.
   */
  async begin(receiptId: string): Promise<void> {
    const call = await this.#options.calls.open(receiptId);
    if (call === undefined) return;
    await this.#make(call);
    // It may have ended before anybody knew whose end that is.
    await this.#options.settle([call]);
  }

  /** Makes the receipts final of calls that wait for this task, if it has ended or asks. */
  async taskChanged(taskId: string): Promise<void> {
    const calls = await this.#options.calls.ofRunningTask(taskId);
    if (calls.length > 0) await this.#options.settle(calls);
  }

  async #make(call: OpenCall): Promise<void> {
    const { receipt_id, provider_id } = call.receipt;
    const known = await this.#options.records.ofCalls([call]);
    if (known.get(receipt_id)?.record !== 'absent') return;
    try {
      await this.#send(call);
    } catch (error) {
      const { code, status, message } = asGatewayError(error);
      // An agent that is away is called again, until the call's time is up.
      if (status === 503 || status === 502 || status === 504) throw error;
      await this.#options.ledger.finish({
        receipt_id,
        provider_id,
        status: 'failed',
        result: { stderr: `${code}: ${message}` },
      });
      if (status === 500) throw new Error(`the call of receipt ${receipt_id} failed: ${textOf(error)}`);
    }
  }

  async #send(call: OpenCall): Promise<void> {
    const { receipt, request, messageId, scopes } = call;
    const { receipt_id, provider_id, agent_id, caller } = receipt;
    const { agents, link, ledger, credentials } = this.#options;
    const agent = await agents.find(agent_id);
    if (agent === undefined) throw agentNotFound(agent_id);
    const outgoing = messageOf(parseBody(invokeSchema, request), messageId);
    const of = { caller, providerId: provider_id };
    const credential = agent.remote && (await credentials.ofCall(receipt_id, call, of));
    const task = await link.begin({ agent, caller, scopes, ...outgoing, credential });
    const { task_id, context_id } = outcomeOf(task);
    if (task_id !== undefined) {
      await ledger.noteTask(receipt_id, { taskId: task_id, contextId: context_id });
      return;
    }
    const end = callEndOf(task);
    // A plain answer from elsewhere can be asked for nowhere.
    if (end !== undefined && agent.remote)
      await ledger.finish({ receipt_id, provider_id, ...end, context_id });
  }
}
