import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AgentDefinition } from '../agents/definition.ts';
import { HostError } from '../errors.ts';
import type { PushDelivery } from '../push/delivery.ts';
import type { AgentCall, AgentCallResult, HostActivities } from '../tasks/contract.ts';
import type { TaskStore } from '../tasks/ports.ts';
import type { RepairReport } from '../tasks/repair.ts';
import type { TaskService } from '../tasks/service.ts';
import type { Task } from '../tasks/task.ts';
import { createProjection, type ToldOfChange } from './projection.ts';
import { createPushActivities, type PushActivities } from './push-activities.ts';

export interface HostActivityOptions {
  store: TaskStore;
  tasks: TaskService;
  agent(code: string): AgentDefinition | undefined;
  repair(): Promise<RepairReport>;
  sweepReceipts(): Promise<void>;
  /** Removes the rows that hold no longer. */
  purgeExpired(): Promise<void>;
  /** Fetches the cards of agents elsewhere again that are old. */
  refreshCards(): Promise<void>;
  /** Removes what is older than it is kept. */
  removeOld(): Promise<void>;
  push: Pick<PushDelivery, 'deliver' | 'retry'>;
  changed: ToldOfChange;
  calls: LaterCalls;
}

/** The calls of receipts that nobody waits for. */
interface LaterCalls {
  /** Makes one, unless it was made. @returns how much time is left for one elsewhere, which is left to `follow`. */
  begin(receiptId: string): Promise<{ leftMs: number } | undefined>;
  /** Makes one elsewhere, unless it was made, and stays with it until it ends or `signal` aborts. */
  follow(receiptId: string, signal: AbortSignal): Promise<void>;
  /** Ends one whose time is up. */
  expire(receiptId: string): Promise<void>;
}

export interface SystemActivities {
  repairTasks(): Promise<RepairReport>;
  sweepReceipts(): Promise<void>;
  beginCall(receiptId: string): Promise<{ leftMs: number } | undefined>;
  followCall(receiptId: string): Promise<void>;
  expireCall(receiptId: string): Promise<void>;
  purgeExpired(): Promise<void>;
  refreshCards(): Promise<void>;
  removeOld(): Promise<void>;
}

/** The host's activities, over the narrow interfaces they need. */
export function createHostActivities(
  options: HostActivityOptions,
): HostActivities & SystemActivities & PushActivities {
  const project = createProjection(options.store, options.changed);
  return {
    ...createPushActivities(options.push),
    projectChange: project,
    callAgent: (call) => callAgent(options, call),
    repairTasks: () => options.repair(),
    sweepReceipts: () => options.sweepReceipts(),
    beginCall: (receiptId) => options.calls.begin(receiptId),
    followCall: async (receiptId) => {
      const { cancellationSignal, cancelled } = Context.current();
      await options.calls.follow(receiptId, cancellationSignal);
      if (cancellationSignal.aborted) await cancelled;
    },
    expireCall: (receiptId) => options.calls.expire(receiptId),
    purgeExpired: () => options.purgeExpired(),
    refreshCards: () => options.refreshCards(),
    removeOld: () => options.removeOld(),
  };
}

/** Sends one message to another agent and stays with its task. A further attempt finds the same task. */
async function callAgent({ tasks, agent }: HostActivityOptions, call: AgentCall): Promise<AgentCallResult> {
  const definition = agent(call.agentCode);
  if (definition === undefined) {
    throw ApplicationFailure.nonRetryable(`There is no agent ${call.agentCode}`, 'AgentNotFound');
  }
  const { cancellationSignal, cancelled } = Context.current();
  try {
    const sent = await tasks.send({
      owner: call.owner,
      ...(call.scopes && { scopes: call.scopes }),
      uncounted: true,
      once: true,
      agent: definition,
      message: { ...call.message, messageId: call.callId, role: 'user' },
      ...(call.taskId === undefined ? {} : { taskId: call.taskId }),
      history: 0,
    });
    const key = { owner: call.owner, agentCode: call.agentCode, taskId: sent.task.id };
    const task = await tasks.settled(sent, cancellationSignal);
    if (cancellationSignal.aborted) {
      await cancelQuietly(() => tasks.cancel(key, definition, AbortSignal.timeout(30_000)));
      await cancelled;
    }
    return resultOf(task);
  } catch (error) {
    // What the other side refuses it would refuse again.
    if (error instanceof HostError && error.code !== 'unavailable') {
      throw ApplicationFailure.nonRetryable(`Agent ${call.agentCode}: ${error.message}`, error.code);
    }
    throw error;
  }
}

async function cancelQuietly(cancel: () => Promise<Task>): Promise<void> {
  try {
    await cancel();
  } catch (error) {
    // It ended by itself meanwhile.
    if (!(error instanceof HostError && error.code === 'task_not_cancelable')) throw error;
  }
}

function resultOf(task: Task): AgentCallResult {
  const { state, message } = task.status;
  const text = (message?.parts ?? []).flatMap((part) => part.text ?? []).join('\n');
  if (state === 'failed' || state === 'canceled' || state === 'rejected') {
    throw ApplicationFailure.nonRetryable(`Agent ${task.agentCode} ${state}: ${text}`, 'AgentCallFailed');
  }
  return { taskId: task.id, state, text, artifacts: task.artifacts };
}
