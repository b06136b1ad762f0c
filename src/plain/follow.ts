import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { CancellationScope, getExternalWorkflowHandle, patched, proxyActivities } from '@temporalio/workflow';
import { FOLLOWED_CANCELED, type Followed, type PlainActivities, WATCH_TASK_QUEUE } from './contract.ts';

// As those of a watch.
const { followPlain } = proxyActivities<PlainActivities>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * The workflow that an earlier run of this one has started, before it was reset: it runs, or has completed, and is not
 * started again. Here it is no child, but it is waited for, and asked to stop, like one.
 * @throws `error` when it is of something else.
 */
export function startedBefore(error: unknown, followed: Followed) {
  // Tasks that began when this failed would not replay.
  if (!(error instanceof WorkflowExecutionAlreadyStartedError && patched('follows'))) throw error;
  const { workflowId } = followed;
  const workflow = CancellationScope.current();
  void CancellationScope.nonCancellable(async () => {
    await workflow.cancelRequested.catch(() => undefined);
    // One that has ended needs no telling.
    await getExternalWorkflowHandle(workflowId)
      .cancel()
      .catch(() => undefined);
  });
  const result = CancellationScope.nonCancellable(() => followPlain(followed)).catch(asCancelled);
  return { workflowId, result: () => result };
}

function asCancelled(error: unknown): never {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const isCanceled = cause instanceof ApplicationFailure && cause.type === FOLLOWED_CANCELED;
  throw isCanceled ? new CancelledFailure(cause.message) : error;
}
