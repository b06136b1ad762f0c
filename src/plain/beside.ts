import { mapped } from '../mapping/mapping.ts';
import { attributesFor, messageArgs, messageRoots, type PlainPlan } from '../mapping/plain.ts';
import type { TaskInput } from '../tasks/contract.ts';
import type { Json } from '../tasks/task.ts';
import { checkSize, MAX_SAID_BYTES } from '../workflow-kit/sizes.ts';
import type { Beside } from './contract.ts';

export const idOfPlain = ({ taskId }: Pick<TaskInput, 'taskId'>): string => `agent-plain/${taskId}`;

/** The workflow that a task stands for. */
export function besideOf({ input, plan }: { input: TaskInput; plan: PlainPlan }): Beside {
  const { workflowType, taskQueue, timeoutMs, memo, searchAttributes } = plan;
  const args = argsOf(plan, input);
  checkSize(`The arguments of ${workflowType}`, args, MAX_SAID_BYTES);
  return {
    workflowId: idOfPlain(input),
    workflowType,
    taskQueue,
    args,
    timeoutMs,
    summary: input.agentCode,
    ...(memo && { memo: mapped(memo, messageRoots(input)) as Record<string, Json> }),
    ...(searchAttributes && { searchAttributes: attributesFor(plan, input) }),
  };
}

function argsOf({ args }: PlainPlan, input: TaskInput): Json[] {
  if (args === 'message') return messageArgs(input.message);
  if ('values' in args) return args.values;
  return args.mapping.map((mapping) => mapped(mapping, messageRoots(input)));
}
