import { callEndOf } from '../calls/outcome.ts';
import type { AgentRecords, CallRecord, RunningReceipt } from '../receipts/ports.ts';
import type { StoredReceipt } from '../receipts/receipt.ts';
import type { TaskKey } from '../tasks/ports.ts';
import { isInterrupted } from '../tasks/state.ts';
import type { Task } from '../tasks/task.ts';

/** A call's message as it is on record. */
export interface CallTask {
  task: Task;
  /** The task's status is older than the message, or the message has yet to reach the workflow. */
  unanswered: boolean;
}

/** The record of tasks, asked by the messages that calls sent. */
export interface CallTasks {
  /** By receipt id; a call whose message is not on record is left out. */
  ofCalls(calls: RunningReceipt[]): Promise<Map<string, CallTask>>;
  find(key: TaskKey): Promise<Task | undefined>;
}

/** What this host's own workflows know of calls. */
export class LocalRecords implements AgentRecords {
  readonly #tasks: CallTasks;

  constructor(tasks: CallTasks) {
    this.#tasks = tasks;
  }

  async ofCalls(calls: RunningReceipt[]): Promise<Map<string, CallRecord>> {
    const tasks = await this.#tasks.ofCalls(calls);
    return new Map(
      calls.map(({ receipt: { receipt_id } }) => {
        const found = tasks.get(receipt_id);
        return [receipt_id, found === undefined ? { record: 'absent' } : recordOf(found)];
      }),
    );
  }

  async ofTask({ receipt: { caller, agent_id, task_id = '' } }: StoredReceipt): Promise<CallRecord> {
    const task = await this.#tasks.find({ owner: caller, agentCode: agent_id, taskId: task_id });
    return task === undefined ? { record: 'absent' } : recordOf({ task, unanswered: false });
  }
}

function recordOf({ task, unanswered }: CallTask): CallRecord {
  // One that was answered without a task never names it.
  const named = { ...(task.hidden ? {} : { taskId: task.id }), contextId: task.contextId };
  const end = callEndOf(task);
  if (end === undefined || (unanswered && isInterrupted(task.status.state)))
    return { record: 'open', ...named };
  return { record: 'ended', ...named, ...end };
}
