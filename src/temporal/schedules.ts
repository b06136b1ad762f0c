import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';

/** The sweeps, each a workflow of `system-workflows.ts`. */
const SWEEPS = [
  {
    scheduleId: 'agent-host/repair',
    workflowType: 'repairSweep',
    workflowId: 'agent-host/repair-sweep',
    every: '10 seconds',
  },
  {
    scheduleId: 'agent-host/receipts',
    workflowType: 'receiptSweep',
    workflowId: 'agent-host/receipt-sweep',
    every: '10 seconds',
  },
  {
    scheduleId: 'agent-host/purge',
    workflowType: 'purgeSweep',
    workflowId: 'agent-host/purge-sweep',
    every: '1 minute',
  },
  {
    scheduleId: 'agent-host/cards',
    workflowType: 'cardSweep',
    workflowId: 'agent-host/card-sweep',
    every: '1 minute',
  },
  {
    scheduleId: 'agent-host/retention',
    workflowType: 'retentionSweep',
    workflowId: 'agent-host/retention-sweep',
    every: '10 minutes',
  },
] as const;

/** Makes every sweep run as often as it says, once for the whole deployment, and once right now. */
export async function ensureSchedules(client: Client): Promise<void> {
  for (const sweep of SWEEPS) await ensureSchedule(client, sweep);
}

async function ensureSchedule(
  client: Client,
  { scheduleId, every, ...workflow }: (typeof SWEEPS)[number],
): Promise<void> {
  const spec = { intervals: [{ every }] };
  const action = {
    type: 'startWorkflow' as const,
    ...workflow,
    taskQueue: SYSTEM_TASK_QUEUE,
    args: [],
    workflowRunTimeout: '2 minutes' as const,
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '10 seconds' as const };
  try {
    await client.schedule.create({ scheduleId, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(scheduleId)
      .update((previous) => ({ ...previous, spec, action: { ...action }, policies }));
  }
  await client.schedule.getHandle(scheduleId).trigger();
}
