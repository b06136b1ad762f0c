/** Workflows that are nobody's child here: they are waited for, and asked to stop, like one. */
import { CancelledFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
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
export const startBeside = (projector: Projector, beside: Beside): Started =>
  likeAChild(beside, async () => {
    try {
      return await projector.leaveTo((report) => quick.runBeside({ ...beside, ...(report && { report }) }));
    } catch (error) {
      if (isEnd(error) || isCancellation(error)) throw error;
      return CancellationScope.nonCancellable(() => runBeside(beside));
    }
  });

/** It tells how the workflow ended, or that it never will begin; any other failure is of the attempt alone. */
function isEnd(error: unknown): boolean {
  const failure = activityFailed(error);
  return Boolean(failure?.nonRetryable) && failure?.type !== STILL_RUNS;
}

function likeAChild({ workflowId }: Followed, end: () => Promise<unknown>): Started {
  const workflow = CancellationScope.current();
  void CancellationScope.nonCancellable(async () => {
    await workflow.cancelRequested.catch(() => undefined);
    // One that has ended needs no telling.
    await getExternalWorkflowHandle(workflowId)
      .cancel()
      .catch(() => undefined);
  });
  const result = end().catch(asCancelled);
  return { workflowId, result: () => result };
}

function asCancelled(error: unknown): never {
  const failure = activityFailed(error);
  throw failure?.type === FOLLOWED_CANCELED ? new CancelledFailure(failure.message) : error;
}
