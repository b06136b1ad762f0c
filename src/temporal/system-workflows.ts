/** The host's own work that must outlive a process, on its own task queue. */
import {
  ActivityFailure,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { SystemActivities } from './host-activities.ts';
import type { PushActivities } from './push-activities.ts';
import { CALL_TASK_QUEUE, PUSH_CHANGED, PUSH_RETRY_TASK_QUEUE, PUSH_TASK_QUEUE } from './system-contract.ts';

const { repairTasks, sweepReceipts, purgeExpired, refreshCards, removeOld } =
  proxyActivities<SystemActivities>({
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '10 seconds',
    // The schedule brings the next sweep.
    retry: { maximumAttempts: 1 },
  });

/** One sweep over what a death between two writes may have left undone. */
export async function repairSweep(): Promise<void> {
  await repairTasks();
}

/** One sweep over receipts: those that a death left running are made final, those that wait are verified. */
export async function receiptSweep(): Promise<void> {
  await sweepReceipts();
}

/** One sweep over rows that only hold until a moment that has passed. */
export async function purgeSweep(): Promise<void> {
  await purgeExpired();
}

/** One sweep over the cards of agents elsewhere: those that are old are fetched again. */
export async function cardSweep(): Promise<void> {
  await refreshCards();
}

/** One sweep over what is older than it is kept. */
export async function retentionSweep(): Promise<void> {
  await removeOld();
}

const { deliverPush } = proxyActivities<PushActivities>({
  taskQueue: PUSH_TASK_QUEUE,
  // Bounded by nothing but the webhooks it tells, each of which has its own limit.
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Tells the webhooks of one task what they have not heard. Runs while any is behind, and ends then. */
export async function pushDelivery(taskId: string): Promise<void> {
  let changed = true;
  setHandler(defineSignal(PUSH_CHANGED), () => {
    changed = true;
  });
  while (changed) {
    changed = false;
    await deliverPush(taskId);
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof pushDelivery>(taskId);
  }
}

const { retryPush } = proxyActivities<PushActivities>({
  taskQueue: PUSH_RETRY_TASK_QUEUE,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  // When a webhook is tried again is told with its failure, as is when it is given up.
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Tries one failing webhook until it takes again, or is given up. */
export async function pushRetry(key: string): Promise<void> {
  await retryPush(key);
}

const { beginCall, expireCall } = proxyActivities<SystemActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  // Until it is begun, or its receipt says that it will not be.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * Makes an asynchronous call. Its receipt becomes final when its task settles: one of an agent elsewhere is followed
 * there, until its time is up.
 */
export async function gatewayCall(receiptId: string): Promise<void> {
  const elsewhere = await beginCall(receiptId);
  if (elsewhere === undefined) return;
  const { leftMs } = elsewhere;
  const { followCall } = proxyActivities<SystemActivities>({
    taskQueue: CALL_TASK_QUEUE,
    scheduleToCloseTimeout: leftMs,
    heartbeatTimeout: '5 seconds',
    // A wait that would go past the end is not begun: short ones, or the last part of the time would not be used.
    retry: { initialInterval: '1 second', maximumInterval: Math.min(10_000, Math.max(1_000, leftMs / 10)) },
  });
  try {
    await followCall(receiptId);
  } catch (error) {
    // It is tried again until there is no time left: its failure is that, whatever the last try has met.
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    await expireCall(receiptId);
  }
}
