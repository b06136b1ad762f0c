/** Why a message or a cancellation is refused, in its caller's words. */
import type { AgentDefinition } from '../agents/definition.ts';
import { HostError, tooMany, unsupported } from '../errors.ts';
import type { OpenTaskLimits } from './ports.ts';
import { isFinal } from './state.ts';
import type { Task } from './task.ts';

export function notWaiting({ status }: Task): HostError {
  if (isFinal(status.state)) return unsupported(`The task is ${status.state} and takes no more messages`);
  return unsupported('The task is busy and does not wait for a message');
}

export const notCancelable = ({ status }: Task): HostError =>
  new HostError('task_not_cancelable', `The task is ${status.state} and cannot be canceled`);

/** A task ends when it does; there is no better guess than soon. */
const RETRY_AFTER_S = 5;

export const tooManyTasks = (
  whose: 'caller' | 'agent',
  { perCaller, perAgent }: OpenTaskLimits = {},
): HostError =>
  tooMany(
    whose === 'caller'
      ? `A caller may have ${perCaller} tasks at once`
      : `The callers of an agent may have ${perAgent} tasks at once`,
    RETRY_AFTER_S,
  );

/** @returns what a message is told that would begin a task of an agent that is, or is being, unpublished. */
export const drainingAgent = ({ unpublished }: Pick<AgentDefinition, 'unpublished'>): HostError =>
  new HostError(
    'agent_draining',
    `The agent is ${unpublished ? '' : 'being '}unpublished: it takes no new tasks`,
  );
