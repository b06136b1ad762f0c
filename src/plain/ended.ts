import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { describeFailure } from '../workflow-kit/failures.ts';

/** How a workflow ended that others ended; undefined when it failed by itself, which tells why. */
export function endedFromOutside(workflowType: string, cause: unknown): string | undefined {
  if (cause instanceof CancelledFailure) return `Workflow ${workflowType} was canceled`;
  if (cause instanceof TerminatedFailure) return `Workflow ${workflowType} was terminated by an operator`;
  return undefined;
}

/** Why a workflow failed, in the words of what it failed of. */
export const whyFailed = (workflowType: string, cause: unknown): string =>
  endedFromOutside(workflowType, cause) ??
  (cause instanceof TimeoutFailure ? `Workflow ${workflowType} timed out` : describeFailure(cause));
