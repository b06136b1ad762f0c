/** The host's own work that must outlive a process, on its own task queue. */
import { proxyActivities } from '@temporalio/workflow';
import type { SystemActivities } from './host-activities.ts';

const { repairTasks, sweepReceipts } = proxyActivities<SystemActivities>({
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
