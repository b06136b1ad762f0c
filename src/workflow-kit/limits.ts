import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** How far a run may go. */
export interface RunLimits {
  /** Messages taken; a run takes 2,000 updates. */
  answers: number;
  /** Events in history; Temporal ends a run at 51,200. */
  events: number;
  /** Bytes of history; Temporal ends a run at 50 MB. */
  bytes: number;
}

/** Past any of these, or when Temporal suggests it, a conversation goes on in a new run before its next turn. */
export const NEXT_RUN: RunLimits = { answers: 1_000, events: 4_000, bytes: 20_000_000 };

/** Past any of these a task fails: the next step of its run could be the one that Temporal refuses. */
export const LAST_RUN: RunLimits = { answers: 1_900, events: 45_000, bytes: 45_000_000 };

export function isNextRunDue(limits: RunLimits, answers: number): boolean {
  return workflowInfo().continueAsNewSuggested || answers >= limits.answers || isHistoryOver(limits);
}

export function isHistoryOver({ events, bytes }: RunLimits): boolean {
  const { historyLength, historySize } = workflowInfo();
  return historyLength >= events || historySize >= bytes;
}

export const tooLong = (what: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`The task is longer than ${what}`, 'TaskTooLong');
