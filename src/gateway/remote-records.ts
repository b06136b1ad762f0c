import { callEndOf, outcomeOf } from '../calls/outcome.ts';
import type { AgentRecords, CallRecord, RunningReceipt } from '../receipts/ports.ts';
import type { Receipt } from '../receipts/receipt.ts';
import type { AgentLink } from './agent-call.ts';
import type { GatewayAgents } from './agents.ts';
import type { Credentials } from './credentials.ts';
import { asGatewayError } from './gateway-error.ts';

/** Asked at once, so that agents that are away do not stand in the way of the others. */
const AT_ONCE = 20;

export interface RemoteRecordsOptions {
  local: AgentRecords;
  agents: GatewayAgents;
  link: AgentLink;
  credentials: Credentials;
}

/** What agents know of calls: those elsewhere are asked for their tasks, those of this host by the record. */
export class AllRecords implements AgentRecords {
  readonly #options: RemoteRecordsOptions;

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

  async ofTask(receipt: Receipt): Promise<CallRecord> {
    if (!(await this.#isRemote(receipt))) return this.#options.local.ofTask(receipt);
    return this.#ask(receipt, {});
  }

  /** One that is not published any more is nobody's either. */
  async #isRemote({ agent_id }: Receipt): Promise<boolean> {
    const agent = await this.#options.agents.find(agent_id);
    return agent === undefined || agent.remote !== undefined;
  }

  async #ofCall(call: RunningReceipt): Promise<CallRecord> {
    // Sent again under the same message id, by which the agent can tell; behind the back of a caller who waited, never.
    if (call.receipt.invoke_mode === 'async') return { record: call.sent ? 'followed' : 'absent' };
    if (!call.sent) return { record: 'lost' };
    const record = await this.#ask(call.receipt, call);
    return record.record === 'absent' ? forgotten(call.receipt) : record;
  }

  async #ask(
    { receipt_id, agent_id, provider_id, caller, task_id = '' }: Receipt,
    given: Pick<RunningReceipt, 'secret' | 'authContextId'>,
  ): Promise<CallRecord> {
    const { agents, link, credentials } = this.#options;
    try {
      const agent = await agents.find(agent_id);
      if (agent?.providerId !== provider_id)
        return { record: 'unknown', reason: 'the agent is not published any more' };
      const credential = await credentials.ofCall(receipt_id, given, { caller, agent });
      const { task } = await link.get({ agent, caller, taskId: task_id, credential }, 0);
      const { context_id } = outcomeOf(task);
      const end = callEndOf(task);
      const named = { taskId: task_id, contextId: context_id };
      return end === undefined ? { record: 'open', ...named } : { record: 'ended', ...named, ...end };
    } catch (error) {
      const { code, message } = asGatewayError(error);
      return code === 'task_not_found' ? { record: 'absent' } : { record: 'unknown', reason: message };
    }
  }
}

/** The agent had said that there is such a task. */
const forgotten = ({ task_id = '', context_id = '' }: Receipt): CallRecord => ({
  record: 'ended',
  taskId: task_id,
  contextId: context_id,
  status: 'failed',
  result: { stderr: 'task_not_found: The agent does not know its task any more' },
});
