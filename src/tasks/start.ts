import type { AgentDefinition } from '../agents/definition.ts';
import { DEFAULT_TASK_QUEUE, type TaskInput } from './contract.ts';
import type { WorkflowRef } from './ports.ts';
import type { Task } from './task.ts';

export const workflowOf = (agent: AgentDefinition): WorkflowRef => ({
  workflowType: agent.workflow,
  taskQueue: agent.taskQueue ?? DEFAULT_TASK_QUEUE,
});

/**
 * What a task's workflow is started with.
 * @param scopes what its caller is allowed.
 */
export const inputOf = (task: Task, scopes?: readonly string[]): TaskInput => {
  const [message] = task.history;
  if (message === undefined) throw new Error(`task ${task.id} has no first message`);
  return {
    taskId: task.id,
    contextId: task.contextId,
    agentCode: task.agentCode,
    owner: task.owner,
    ...(scopes && { scopes }),
    message,
    metadata: task.metadata,
    ...(task.hidden ? { mayReply: true } : {}),
  };
};
