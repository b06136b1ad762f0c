import type { PlainPlan } from '../../src/mapping/plain.ts';
import type { TaskInput } from '../../src/tasks/contract.ts';
import { userMessageOf } from './tasks.ts';

/** How a workflow of a minute at most is run for its task. */
export const briefPlan: PlainPlan = {
  workflowType: 'Order',
  taskQueue: 'orders',
  args: 'message',
  result: 'value',
  timeoutMs: 60_000,
  cancelWithinMs: 5_000,
  brief: true,
};

export const briefInput = (taskId: string): TaskInput => ({
  taskId,
  contextId: 'c',
  agentCode: 'order',
  owner: 'alice',
  message: userMessageOf('a chair'),
  metadata: {},
});
