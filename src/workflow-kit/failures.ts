import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
} from '@temporalio/common';
import type { Say } from './task-context.ts';

/** What a task's failure says, and what Temporal keeps of its cause: both have to fit into what Temporal takes. */
const MAX_TEXT_LENGTH = 10_000;
const KEPT_TEXT_LENGTH = 9_900;
const MAX_CAUSE_LENGTH = 100_000;
const MAX_CAUSES = 20;

/** Thrown by `task.reject` and `task.reply`: ends the task, whatever the author's code does around it. */
export class TaskEnded extends Error {
  override readonly name = 'TaskEnded';
  readonly state: 'rejected' | 'completed';
  readonly say: Say;

  constructor(state: 'rejected' | 'completed', say: Say) {
    super(`the task is ${state}`);
    this.state = state;
    this.say = say;
  }
}

/** Why a task failed, for its caller: the cause at the bottom, not Temporal's wrapping around it. */
export function describeFailure(error: unknown): string {
  return shortened(reasonOf(error));
}

function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure) {
    if (error.cause instanceof TimeoutFailure) return `Step ${error.activityType} timed out`;
    return reasonOf(error.cause ?? error.message);
  }
  if (error instanceof ChildWorkflowFailure) {
    if (error.cause instanceof TimeoutFailure) return `Workflow ${error.workflowType} timed out`;
    return reasonOf(error.cause ?? error.message);
  }
  if (error instanceof TimeoutFailure) return 'Timed out';
  if (error instanceof ApplicationFailure) return error.message || 'Failed without a message';
  if (error instanceof Error) return error.message || error.name;
  return typeof error === 'string' && error !== '' ? error : 'Failed without a message';
}

function shortened(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  // Half a character at the cut would be no well-formed text.
  const start = text.slice(0, KEPT_TEXT_LENGTH).replace(/[\ud800-\udbff]$/, '');
  return `${start}… (${text.length} characters in all)`;
}

/** What the workflow ends with. The error it comes from stays attached, unless it is too large to be kept. */
export function failureOf(message: string, error: unknown): ApplicationFailure {
  const cause = error instanceof Error && isKept(error) ? { cause: error } : {};
  return ApplicationFailure.create({ message, nonRetryable: true, ...cause });
}

/** Whether Temporal takes an error with all that hangs on it. */
export const isKept = (error: unknown): boolean => lengthOf(error) <= MAX_CAUSE_LENGTH;

function lengthOf(error: unknown, depth = 0): number {
  if (depth > MAX_CAUSES) return Number.POSITIVE_INFINITY;
  if (!(error instanceof Error)) return typeof error === 'string' ? error.length : 0;
  const details = error instanceof ApplicationFailure ? (JSON.stringify(error.details) ?? '').length : 0;
  return error.message.length + (error.stack ?? '').length + details + lengthOf(error.cause, depth + 1);
}

/** What an activity failed with, when that was its own doing; a local one's failure comes bare. */
export function activityFailed(error: unknown): ApplicationFailure | undefined {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  return failure instanceof ApplicationFailure ? failure : undefined;
}
