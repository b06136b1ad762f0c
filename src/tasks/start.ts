import type { AgentDefinition } from '../agents/definition.ts';
import { HostError, invalidParams, messageOf } from '../errors.ts';
import { attributesFor, type PlainPlan, planOf, type Subject } from '../mapping/plain.ts';
import { problemOfAttributes } from '../mapping/search-attributes.ts';
import { DEFAULT_TASK_QUEUE, type TaskInput } from './contract.ts';
import type { OpenTaskLimits, TaskEngine, WorkflowRef } from './ports.ts';
import type { Task } from './task.ts';

/** The workflow type that stands before plain workflows. */
const PLAIN_AGENT = 'plainAgent';
/** Beside the message itself, which may be as large: the engine takes 4 MB in all. */
const MAX_ARGS_BYTES = 1_500_000;

/**
 * What runs a task of this agent.
 * @throws HostError `invalid_params` when the message cannot be made into what its workflow takes.
 */
export function workflowOf(agent: AgentDefinition, subject: Subject): WorkflowRef {
  const { workflow, plain, cooperating } = agent;
  if (cooperating !== undefined) return { ...cooperating };
  const taskQueue = agent.taskQueue ?? DEFAULT_TASK_QUEUE;
  if (workflow !== undefined) return { workflowType: workflow, taskQueue };
  if (plain === undefined) throw new Error(`agent ${agent.code} has no workflow`);
  return { workflowType: PLAIN_AGENT, taskQueue, args: [planFor(plain, subject)] };
}

function planFor(plain: NonNullable<AgentDefinition['plain']>, subject: Subject): PlainPlan {
  let plan: PlainPlan;
  try {
    plan = planOf(plain, subject);
  } catch (error) {
    const message = `message: cannot be mapped: ${messageOf(error)}`;
    throw new HostError('invalid_params', message, { field: 'message', cause: error });
  }
  const bytes = Buffer.byteLength(JSON.stringify(plan.args));
  if (bytes > MAX_ARGS_BYTES) {
    throw invalidParams('message', `is mapped to ${bytes} bytes, at most ${MAX_ARGS_BYTES} are taken`);
  }
  return plan;
}

/** @throws HostError `invalid_params` when the message could not start a task of this agent. */
export async function checkStart(
  agent: AgentDefinition,
  subject: Subject,
  engine: Pick<TaskEngine, 'searchAttributes'>,
): Promise<void> {
  workflowOf(agent, subject);
  const { plain } = agent;
  if (plain?.searchAttributes === undefined) return;
  const attributes = attributesFor(plain, subject);
  const types = await engine.searchAttributes(Object.keys(attributes));
  const problem = problemOfAttributes(attributes, types);
  if (problem !== undefined) throw invalidParams('message', `cannot be mapped: search attribute ${problem}`);
}

/**
 * Before agents are published: what their workflows set must be registered.
 * @throws HostError `config` naming the agent and the search attribute.
 */
export async function checkAttributesOf(
  agents: readonly Pick<AgentDefinition, 'code' | 'plain'>[],
  engine: Pick<TaskEngine, 'searchAttributes'>,
): Promise<void> {
  for (const { code, plain } of agents) {
    const names = Object.keys(plain?.searchAttributes ?? {});
    const types = names.length === 0 ? undefined : await engine.searchAttributes(names);
    const missing = types && names.find((name) => !types.has(name));
    if (missing === undefined) continue;
    const field = `plain.searchAttributes.${missing}`;
    const problem = `agent "${code}": ${field}: is not registered in the namespace`;
    throw new HostError('config', problem, { field });
  }
}

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

/** An agent that is being unpublished begins no task; a message that began one before is still that message. */
export const limitsFor = (
  { draining }: AgentDefinition,
  limits: OpenTaskLimits | undefined,
): OpenTaskLimits | undefined => (draining ? { perAgent: 0 } : limits);
