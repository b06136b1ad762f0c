import { callEndOf, outcomeOf } from '../calls/outcome.ts';
import type { AgentRecords, CallRecord, RunningReceipt } from '../receipts/ports.ts';
import type { Receipt, StoredReceipt } from '../receipts/receipt.ts';
import { LATE } from '../receipts/settle.ts';
import type { AgentLink } from './agent-call.ts';
import type { GatewayAgents } from './agents.ts';
import type { Credentials } from './credentials.ts';
import { asGatewayError } from './gateway-error.ts';

/** Asked at once, so that agents that are away do not stand in the way of the others. */
const AT_ONCE = 20;
const ASK_MS = 5_000;
/** One that has not answered in that time is left alone for so long. */
const HUNG_MS = 60_000;

export interface RemoteRecordsOptions {
  local: AgentRecords;
  agents: GatewayAgents;
  link: AgentLink;
  credentials: Credentials;
  /** After so long a call elsewhere that has not ended has failed. */
  deadlineMs: number;
}

/** What agents know of calls: those elsewhere are asked for their tasks, those of this host by the record. */
export class AllRecords implements AgentRecords {
  readonly #options: RemoteRecordsOptions;
  /** Agents that have not answered, and until when they are not asked. */
  readonly #hung = new Map<string, number>();

  constructor(options: RemoteRecordsOptions) {
    this.#options = options;
  }

  async ofCalls(calls: RunningReceipt[]): Promise<Map<string, CallRecord>> {
    const isRemote = await Promise.all(calls.map(({ receipt }) => this.#isRemote(receipt)));
    const records = await this.#options.local.ofCalls(calls.filter((_, index) => !isRemote[index]));
    const remote = calls.filter((_, index) => isRemote[index]);
    for (let from = 0; from < remote.length; from += AT_ONCE) {
      const some = remote.slice(from, from + AT_ONCE);
      const found = await Promise.all(some.map((call) => this.#ofCall(call)));
      for (const [index, call] of some.entries()) {
        records.set(call.receipt.receipt_id, found[index] as CallRecord);
      }
    }
    return records;
  }

  async ofTask(stored: StoredReceipt): Promise<CallRecord> {
    const { receipt, request } = stored;
    if (!(await this.#isRemote(receipt))) return this.#options.local.ofTask(stored);
    // What was given with the call itself is not kept.
    const id = request?.auth_context_id;
    return this.#ask(receipt, typeof id === 'string' ? { authContextId: id } : {});
  }

  /** One that is not published any more is nobody's either. */
  async #isRemote({ agent_id }: Receipt): Promise<boolean> {
    const agent = await this.#options.agents.known(agent_id);
    return agent === undefined || agent.remote !== undefined;
  }

  async #ofCall(call: RunningReceipt): Promise<CallRecord> {
    // Sent again under the same message id, by which the agent can tell; behind the back of a caller who waited, never.
    if (call.receipt.invoke_mode === 'async') return { record: call.sent ? 'followed' : 'absent' };
    if (!call.sent) return { record: 'lost' };
    const record = await this.#ask(call.receipt, call);
    if (record.record === 'absent') return failed(call.receipt, FORGOTTEN);
    const late = record.record === 'open' && call.ageMs > this.#options.deadlineMs;
    return late ? failed(call.receipt, LATE) : record;
  }

  async #ask(
    { receipt_id, agent_id, provider_id, caller, task_id = '' }: Receipt,
    given: Pick<RunningReceipt, 'secret' | 'authContextId'>,
  ): Promise<CallRecord> {
    const { agents, link, credentials } = this.#options;
    if ((this.#hung.get(agent_id) ?? 0) > Date.now()) return HUNG;
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), ASK_MS);
    try {
      const agent = await agents.find(agent_id);
      if (agent?.providerId !== provider_id)
        return { record: 'unknown', reason: 'the agent is not published any more' };
      const credential = await credentials.ofCall(receipt_id, given, { caller, agent });
      const ref = { agent, caller, taskId: task_id, credential };
      const { task, paymentReceipt } = await link.get(ref, 0, waiting.signal);
      this.#hung.delete(agent_id);
      const { context_id } = outcomeOf(task);
      const end = callEndOf(task, paymentReceipt);
      const named = { taskId: task_id, contextId: context_id };
      return end === undefined ? { record: 'open', ...named } : { record: 'ended', ...named, ...end };
    } catch (error) {
      if (waiting.signal.aborted) {
        this.#hung.set(agent_id, Date.now() + HUNG_MS);
        return HUNG;
      }
      const { status, code, message } = asGatewayError(error);
      if (code === 'task_not_found') return { record: 'absent' };
      // What it does not take now, such as a credential, it takes at no other time.
      return { record: 'unknown', reason: message, lasting: status === 422 };
    } finally {
      clearTimeout(timer);
    }
  }
}

const HUNG: CallRecord = { record: 'unknown', reason: 'the agent has not answered in time' };

/** It had said that there is such a task. */
const FORGOTTEN = 'task_not_found: The agent does not know its task any more';

const failed = ({ task_id = '', context_id = '' }: Receipt, stderr: string): CallRecord => ({
  record: 'ended',
  taskId: task_id,
  contextId: context_id,
  status: 'failed',
  result: { stderr },
});
