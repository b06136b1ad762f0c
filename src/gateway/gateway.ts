import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type CallBook, policyOf } from '../calls/call-book.ts';
import type { AgentTask, Outcome } from '../calls/outcome.ts';
import type { Claim } from '../idempotency/ports.ts';
import type { PolicyRequest } from '../policy/decide.ts';
import type { InvokeMode, JsonObject, Receipt, ReceiptPolicy } from '../receipts/receipt.ts';
import type { Json } from '../tasks/task.ts';
import type { AgentLink, Answer } from './agent-call.ts';
import type { TaskReceipts } from './agent-tasks.ts';
import type { GatewayAgent } from './agents.ts';
import type { Credentials } from './credentials.ts';
import { asGatewayError, GatewayError, refusedByPolicy, taskNotFound } from './gateway-error.ts';
import { messageOf, type OutgoingMessage } from './message.ts';
import type { InvokeRequest } from './requests.ts';

/** One call, as its client asked for it. */
export interface Invocation {
  agent: GatewayAgent;
  /** The id of who calls. */
  caller: string;
  /** What the caller is allowed. */
  scopes: readonly string[];
  request: InvokeRequest;
  /** The body as it came: what the receipt keeps, its credentials left out. */
  body: JsonObject;
  /** Its idempotency key. */
  claim?: Claim | undefined;
}

/** The answer to every call on an agent or one of its tasks. */
export interface InvokeAgentResponse extends Partial<Outcome> {
  agent_id: string;
  status: string;
  receipt_id?: string;
  settlement?: JsonObject;
  payment_receipt?: Json;
  raw?: unknown;
}

/** What policy would say of a call. */
export interface CheckAnswer {
  agent_id: string;
  provider_id: string;
  allowed: boolean;
  error?: { code: string; message: string };
  cost_units: number;
  policy: ReceiptPolicy;
}

const BEGINNING_AT_MOST = 100;

export interface GatewayOptions {
  calls: CallBook;
  link: AgentLink;
  receipts: Pick<TaskReceipts, 'tasksOf'>;
  credentials: Credentials;
  /** Has an asynchronous call made, whatever becomes of this process. @throws HostError `unavailable`. */
  beginLater(receiptId: string): Promise<void>;
  invokeTimeoutMs: number;
  log: Logger;
}

interface Opened extends Invocation {
  receipt: Receipt;
  outgoing: OutgoingMessage;
}

/** Calls of agents: policy before, the receipt after. */
export class Gateway {
  readonly #options: GatewayOptions;
  /** Asynchronous calls whose workflows are being started. */
  readonly #beginning = new Set<Promise<void>>();

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /**
   * Calls the agent and waits for its task to end or ask. When `signal` aborts, the task as it then stands. That is for
   * a host that stops, not for a caller that has gone: what an agent has been told is followed, and its receipt says so.
   * @throws GatewayError 403 refused by policy; 404, 409, 422 refused by the agent; 502, 504.
   */
  async invoke(invocation: Invocation, signal: AbortSignal): Promise<InvokeAgentResponse> {
    const opened = await this.#open(invocation, 'sync');
    const limit = limited(signal, this.#options.invokeTimeoutMs);
    try {
      const answer = await this.#send(opened, limit.signal);
      const { outcome, settled } = await this.#options.calls.answered(
        opened.receipt,
        answer.task,
        answer.paymentReceipt,
      );
      if (!settled && limit.timedOut()) throw timeout(opened.receipt, outcome);
      const { paymentReceipt, raw } = answer;
      const payment = paymentReceipt === undefined ? {} : { payment_receipt: paymentReceipt };
      return { ...envelope(opened, outcome), ...payment, raw };
    } finally {
      limit.clear();
    }
  }

  /** Accepts the call; it is made, and its receipt becomes final, in the background. @throws GatewayError 403, 404. */
  async invokeAsync(invocation: Invocation): Promise<InvokeAgentResponse> {
    const {
      receipt: { receipt_id },
      agent,
    } = await this.#open(invocation, 'async');
    // Accepted with its receipt, whatever becomes of this process: nobody need wait for its workflow to begin.
    if (this.#beginning.size >= BEGINNING_AT_MOST) await Promise.race(this.#beginning);
    const beginning = this.#beginLater(receipt_id).finally(() => this.#beginning.delete(beginning));
    this.#beginning.add(beginning);
    return { agent_id: agent.agentId, status: 'running', receipt_id };
  }

  async #beginLater(receiptId: string): Promise<void> {
    try {
      await this.#options.beginLater(receiptId);
    } catch (error) {
      this.#options.log.warn({ err: error, receipt: receiptId }, 'a call begins with the next sweep');
    }
  }

  /** What policy would say now. It leaves no receipt. */
  async check(agent: GatewayAgent, request: InvokeRequest): Promise<CheckAnswer> {
    const decision = await this.#options.calls.decide(agent, termsOf(request));
    return {
      agent_id: agent.agentId,
      provider_id: agent.providerId,
      allowed: decision.decision === 'allow',
      ...(decision.decision === 'refuse'
        ? { error: { code: decision.code, message: decision.message } }
        : {}),
      cost_units: agent.review.costPerCallUnits,
      policy: policyOf(agent, decision),
    };
  }

  /** Decides, and writes the receipt: final at once when it is refused. @throws GatewayError 403, 404. */
  async #open(invocation: Invocation, mode: InvokeMode): Promise<Opened> {
    const { agent, caller, scopes, request, body, claim } = invocation;
    const outgoing = messageOf(request, claim?.id ?? randomUUID());
    const { taskId, contextId, message } = outgoing;
    // A receipt names no task of somebody else's: by what it names a task of an agent elsewhere is its caller's.
    const isOwn = await this.#isOwn(invocation, taskId);
    const { receipt, decision } = await this.#options.calls.open({
      agent,
      caller,
      scopes,
      mode,
      terms: termsOf(request),
      request: body,
      messageId: message.messageId,
      ...(isOwn && { taskId, contextId }),
      // What the agent is to be given has to outlive this process, as the call does.
      seal: (receiptId) => agent.remote && this.#options.credentials.sealFor(receiptId, request, agent),
      claim,
    });
    if (decision.decision === 'refuse') {
      await this.#options.calls.refused(receipt, decision);
      throw refusedByPolicy(decision, { receipt_id: receipt.receipt_id });
    }
    if (!isOwn) {
      const problem = taskNotFound({ receipt_id: receipt.receipt_id });
      await this.#options.calls.failed(receipt, `${problem.code}: ${problem.message}`);
      throw problem;
    }
    return { ...invocation, receipt, outgoing };
  }

  /** Agents of this host know whose tasks are whose. */
  async #isOwn({ agent, caller }: Invocation, taskId: string | undefined): Promise<boolean> {
    if (agent.remote === undefined || taskId === undefined) return true;
    return (await this.#options.receipts.tasksOf(caller, agent.agentId, [taskId])).has(taskId);
  }

  async #send(opened: Opened, signal: AbortSignal): Promise<Answer> {
    const { agent, caller, scopes, outgoing, receipt, request, claim } = opened;
    const once = outgoing.message.messageId === claim?.id;
    try {
      const credential =
        agent.remote &&
        (await this.#options.credentials.resolve(request, { caller, providerId: agent.providerId }));
      const begun = (task: AgentTask) => this.#options.calls.begun(receipt.receipt_id, task);
      const call = { agent, caller, scopes, ...outgoing, once, credential, begun };
      return await this.#options.link.send(call, signal);
    } catch (error) {
      const failure = asGatewayError(error, { receipt_id: receipt.receipt_id });
      const { status, code, message } = failure;
      // The record is away, and nobody knows what was accepted: the sweep finds out, and so does who asks again.
      if (status === 503 && !agent.remote) throw failure;
      await this.#options.calls[status === 404 ? 'misnamed' : 'failed'](receipt, `${code}: ${message}`);
      if (status === 503)
        throw new GatewayError(502, 'agent_failed', message, { ...failure.ids, cause: error });
      if (status === 500)
        this.#options.log.error({ err: error, receipt: receipt.receipt_id }, 'a call failed');
      throw failure;
    }
  }
}

const termsOf = ({ region, max_cost_units, confirm_risky }: InvokeRequest): PolicyRequest => ({
  ...(region ? { region } : {}),
  ...(max_cost_units === undefined ? {} : { maxCostUnits: max_cost_units }),
  confirmRisky: confirm_risky,
});

const envelope = ({ agent, receipt, request }: Opened, outcome: Outcome): InvokeAgentResponse => ({
  agent_id: agent.agentId,
  ...outcome,
  receipt_id: receipt.receipt_id,
  ...(request.settlement === undefined ? {} : { settlement: request.settlement as JsonObject }),
});

const timeout = ({ receipt_id }: Receipt, { task_id, context_id }: Outcome): GatewayError =>
  new GatewayError(504, 'agent_timeout', 'The agent has not answered in time; its task goes on', {
    receipt_id,
    task_id,
    context_id,
  });

/** Aborts with `signal`, or after so long. */
function limited(signal: AbortSignal, ms: number) {
  const controller = new AbortController();
  let late = false;
  const stop = () => controller.abort();
  const timer = setTimeout(() => {
    late = true;
    controller.abort(new DOMException('The call has taken too long', 'TimeoutError'));
  }, ms);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  return {
    signal: controller.signal,
    timedOut: () => late,
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    },
  };
}
