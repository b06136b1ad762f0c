import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';

const REPAIR_SCHEDULE = 'agent-host/repair';

/** Makes the sweep run every ten seconds, once for the whole deployment, and once right now. */
export async function ensureRepairSchedule(client: Client): Promise<void> {
  const spec = { intervals: [{ every: '10 seconds' as const }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'repairSweep',
    workflowId: 'agent-host/repair-sweep',
    taskQueue: SYSTEM_TASK_QUEUE,
    args: [],
    workflowRunTimeout: '2 minutes' as const,
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '10 seconds' as const };
  try {
    await client.schedule.create({ scheduleId: REPAIR_SCHEDULE, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(REPAIR_SCHEDULE)
      .update((previous) => ({ ...previous, spec, action: { ...action }, policies }));
  }
  await client.schedule.getHandle(REPAIR_SCHEDULE).trigger();
}
