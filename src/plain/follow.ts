/** Workflows that are nobody's child here: they are waited for, and asked to stop, like one. */
import { CancelledFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow';
import { activityFailed } from '../workflow-kit/failures.ts';
import type { Projector } from '../workflow-kit/projector.ts';
import {
  type Beside,
  FOLLOWED_CANCELED,
  type Followed,
  type PlainActivities,
  STILL_RUNS,
  WATCH_TASK_QUEUE,
} from './contract.ts';

// As those of a watch.
const { followPlain, runBeside } = proxyActivities<PlainActivities>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

// One attempt: what it does not bring to an end the ordinary activity behind it takes over. A cancel finds it either not
// begun, or over: for as long as it runs the workflow hears of nothing.
const quick = proxyLocalActivities<PlainActivities>({
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

/** What is waited for as if it were a child. */
export interface Started {
  workflowId: string;
  result(): Promise<unknown>;
}

/**
 * The workflow that an earlier run of this one has started, before it was reset: it runs, or has completed, and is not
 * started again.
 * @throws `error` when it is of something else.
 */
export function startedBefore(error: unknown, followed: Followed): Started {
  // Tasks that began when this failed would not replay.
  if (!(error instanceof WorkflowExecutionAlreadyStartedError && patched('follows'))) throw error;
  return likeAChild(followed, () => CancellationScope.nonCancellable(() => followPlain(followed)));
}

/**
 * Starts a brief workflow once the task is recorded as working, and has its result within the same step when it ends at
 * once. A child's start and end are each a step of Temporal's from one workflow to the other, and each of these some
 * writes and a way to a worker.
 */
export function startBeside(projector: Projector, beside: Beside): Started {
  const workflow = CancellationScope.current();
  const end = async () => {
    try {
      return await projector.leaveTo((report) => quick.runBeside({ ...beside, ...(report && { report }) }));
    } catch (error) {
      const failure = activityFailed(error);
      const goesOn = failure?.type === STILL_RUNS;
      // It tells how the workflow ended, or that it never will begin; any other failure is of the attempt alone.
      if (isCancellation(error) || (failure?.nonRetryable && !goesOn)) throw error;
      if (workflow.consideredCancelled && !goesOn) throw new CancelledFailure('Canceled before it began');
      return CancellationScope.nonCancellable(() => runBeside(beside));
    }
  };
  return likeAChild(beside, end, { insist: true });
}

/** @param insist asks it to stop again while it is not to be found: perhaps it is only about to begin. */
function likeAChild(
  { workflowId }: Followed,
  end: () => Promise<unknown>,
  { insist } = { insist: false },
): Started {
  const workflow = CancellationScope.current();
  void CancellationScope.nonCancellable(async () => {
    await workflow.cancelRequested.catch(() => undefined);
    for (;;) {
      try {
        return await getExternalWorkflowHandle(workflowId).cancel();
      } catch {
        // One that has ended needs no telling.
        if (!insist) return undefined;
      }
      await sleep('1 second');
    }
  });
  const result = end().catch(asCancelled);
  return { workflowId, result: () => result };
}

function asCancelled(error: unknown): never {
  const failure = activityFailed(error);
  throw failure?.type === FOLLOWED_CANCELED ? new CancelledFailure(failure.message) : error;
}
