import { Context } from '@temporalio/activity';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { messageOf } from '../../errors.ts';
import { FOLLOWED_CANCELED, type Followed } from '../../plain/contract.ts';
import { whyFailed } from '../../plain/ended.ts';
import { checkSize, MAX_STEP_BYTES } from '../../workflow-kit/sizes.ts';

/** Waits for the end of a workflow that is nobody's child here, and of the runs that go on from it. */
export async function followPlain(client: Client, { workflowId, workflowType }: Followed): Promise<unknown> {
  const { cancelled } = Context.current();
  try {
    return checked(
      workflowType,
      await Promise.race([client.workflow.getHandle(workflowId).result(), cancelled]),
    );
  } catch (error) {
    throw failureFor(workflowType, error);
  }
}

/** @throws ApplicationFailure when it is more than an activity can hand on. */
export function checked(workflowType: string, result: unknown): unknown {
  checkSize(`The result of ${workflowType}`, result, MAX_STEP_BYTES);
  return result;
}

/** @returns what the activity fails with when a workflow could not be started, or did not end well. */
export function failureFor(workflowType: string, error: unknown): unknown {
  // Called off, which is for Temporal to read; or understood already.
  if (error instanceof TemporalFailure) return error;
  if (error instanceof WorkflowFailedError) {
    const type = error.cause instanceof CancelledFailure ? FOLLOWED_CANCELED : 'FollowedFailed';
    return ApplicationFailure.nonRetryable(whyFailed(workflowType, error.cause), type);
  }
  if (error instanceof WorkflowNotFoundError) {
    return ApplicationFailure.nonRetryable(`Workflow ${workflowType} is no longer there`, 'FollowedFailed');
  }
  // Temporal is away: the next attempt waits on.
  if (error instanceof ServiceError || isGrpcServiceError(error)) return error;
  const problem = `The result of ${workflowType} cannot be read here: ${messageOf(error)}`;
  return ApplicationFailure.nonRetryable(problem, 'Unreadable');
}
