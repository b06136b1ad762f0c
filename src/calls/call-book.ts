import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type ReviewProfile, reviewVersion } from '../agents/review.ts';
import { messageOf } from '../errors.ts';
import type { Claim } from '../idempotency/ports.ts';
import {
  decide,
  type PolicyAgent,
  type PolicyDecision,
  type PolicyLimits,
  type PolicyProvider,
  type PolicyRequest,
  type Refusal,
} from '../policy/decide.ts';
import type { ReceiptLedger } from '../receipts/ledger.ts';
import type { Ending, InvokeMode, JsonObject, Receipt, ReceiptPolicy } from '../receipts/receipt.ts';
import type { Json } from '../tasks/task.ts';
import { type AgentTask, callEndOf, type Outcome, outcomeOf } from './outcome.ts';

/** An agent as its calls are written down. */
export interface CalledAgent {
  agentId: string;
  providerId: string;
  review: ReviewProfile;
}

/** A call about to be made. */
export interface Call {
  agent: CalledAgent;
  /** The id of who calls. */
  caller: string;
  /** What the caller is allowed, if the call is made later. */
  scopes?: readonly string[] | undefined;
  mode: InvokeMode;
  terms: PolicyRequest;
  /** The body as it came; the receipt keeps it without its credentials. */
  request: JsonObject;
  /** Of the message that goes to the agent. */
  messageId: string;
  /** The task it continues. */
  taskId?: string | undefined;
  contextId?: string | undefined;
  /** The credential it is given, encrypted for this receipt. */
  seal?(receiptId: string): string | undefined;
  /** The idempotency key of its request. */
  claim?: Claim | undefined;
}

export type Refused = Extract<PolicyDecision, { decision: 'refuse' }>;

/** A call whose receipt is written. */
export interface OpenCall {
  receipt: Receipt;
  decision: PolicyDecision;
}

export interface CallBookOptions {
  ledger: ReceiptLedger;
  /** What of an agent is switched off, as of now. */
  switches(agent: CalledAgent): Promise<{
    agent: Pick<PolicyAgent, 'agentId' | 'blocked'>;
    provider: PolicyProvider;
  }>;
  limits: PolicyLimits;
  /** Hears of each call that policy refused, by the code of its reason. */
  refused(code: string): void;
  log: Logger;
}

/** The rules of calls, whatever surface they come by: policy before, a receipt of each. */
export class CallBook {
  readonly #options: CallBookOptions;

  constructor(options: CallBookOptions) {
    this.#options = options;
  }

  /** What policy says of a call now. */
  async decide(agent: CalledAgent, terms: PolicyRequest): Promise<PolicyDecision> {
    const { switches, limits } = this.#options;
    const switched = await switches(agent);
    return decide({ ...switched.agent, review: agent.review }, switched.provider, terms, limits);
  }

  /**
   * Decides, and writes the receipt as running. One that is refused must be closed by `refused`. A call whose first
   * try was broken off goes on with what that has left.
   * @throws HostError `unavailable`, `key_in_use`; the call must not be made then.
   */
  async open(call: Call): Promise<OpenCall> {
    const { agent, caller, scopes, mode, terms, request, messageId, taskId, contextId, claim } = call;
    const begun = await this.#begunBy(claim);
    if (begun !== undefined) return begun;
    const decision = await this.decide(agent, terms);
    const receiptId = randomUUID();
    const secret = decision.decision === 'allow' ? call.seal?.(receiptId) : undefined;
    const receipt = await this.#options.ledger.open({
      receipt_id: receiptId,
      agent_id: agent.agentId,
      provider_id: agent.providerId,
      caller,
      invoke_mode: mode,
      cost_units: agent.review.costPerCallUnits,
      policy: policyOf(agent, decision),
      ...(taskId === undefined ? {} : { task_id: taskId }),
      ...(contextId === undefined ? {} : { context_id: contextId }),
      request,
      message_id: messageId,
      scopes,
      ...(secret === undefined ? {} : { secret }),
      claim,
    });
    return { receipt, decision };
  }

  /** What an earlier try under the same key has opened; nothing when that came to an end before its agent had it. */
  async #begunBy(claim: Claim | undefined): Promise<OpenCall | undefined> {
    if (claim?.receiptId === undefined) return undefined;
    const found = await this.#options.ledger.find(claim.receiptId);
    if (found === undefined) return undefined;
    const { receipt, result } = found;
    const { status, task_id, policy } = receipt;
    // One that goes on with a task names it from the first, also when its agent never had it.
    if (status === 'failed' && (task_id === undefined || result?.output === undefined)) return undefined;
    const { decision, code = '', message = '' } = policy;
    return {
      receipt,
      decision: decision === 'allow' ? { decision } : { decision, code: code as Refusal, message },
    };
  }

  /** Policy has refused it: its receipt is final, with the task that says so if there is one. */
  refused(receipt: Receipt, { code, message }: Refused, task?: { taskId: string; contextId: string }) {
    this.#options.refused(code);
    return this.#finish({
      ...idsOf(receipt),
      status: 'rejected',
      result: { stderr: `${code}: ${message}` },
      ...(task && { task_id: task.taskId, context_id: task.contextId }),
    });
  }

  /** The agent has not taken it: its receipt is final. */
  failed(receipt: Receipt, why: string): Promise<void> {
    return this.#finish({ ...idsOf(receipt), status: 'failed', result: { stderr: why } });
  }

  /** The same of a call that named a task or a context its caller has not: the receipt names none. */
  misnamed(receipt: Receipt, why: string): Promise<void> {
    const none = { task_id: null, context_id: null };
    return this.#finish({ ...idsOf(receipt), ...none, status: 'failed', result: { stderr: why } });
  }

  /** Makes the receipt final, if the task has come so far; else notes which task it follows. */
  async answered(
    { receipt_id, provider_id }: Receipt,
    task: AgentTask,
    payment?: Json,
  ): Promise<{ outcome: Outcome; settled: boolean }> {
    const outcome = outcomeOf(task);
    const end = callEndOf(task, payment);
    const { task_id, context_id } = outcome;
    if (end !== undefined) {
      const named = task_id === undefined ? {} : { task_id };
      await this.#finish({ receipt_id, provider_id, ...end, ...named, context_id });
    } else await this.begun(receipt_id, task);
    return { outcome, settled: end !== undefined };
  }

  /** Notes which task a call has become. */
  async begun(receiptId: string, task: AgentTask): Promise<void> {
    const { task_id, context_id } = outcomeOf(task);
    if (task_id === undefined) return;
    await this.#quietly(receiptId, () =>
      this.#options.ledger.noteTask(receiptId, { taskId: task_id, contextId: context_id }),
    );
  }

  /** The agent has answered, and so shall we: a receipt that cannot be written now is settled by the sweep. */
  #finish(ending: Ending): Promise<void> {
    return this.#quietly(ending.receipt_id, async () => {
      await this.#options.ledger.finish(ending);
    });
  }

  async #quietly(receiptId: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#options.log.warn({ receipt: receiptId, why: messageOf(error) }, 'a receipt is left to the sweep');
    }
  }
}

/** What a receipt says of policy. */
export const policyOf = ({ review }: CalledAgent, decision: PolicyDecision): ReceiptPolicy => ({
  ...decision,
  risk_level: review.riskLevel,
  review_version: reviewVersion(review),
});

const idsOf = ({ receipt_id, provider_id }: Receipt) => ({ receipt_id, provider_id });
