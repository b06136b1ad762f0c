import { sleep } from '@temporalio/workflow';
import { activities, agentWorkflow } from 'workflow-agent-host/workflow';
import type * as steps from './activities.ts';

interface Ticking {
  times: number;
  everyMs: number;
  /** What passes the time between two ticks. */
  by: 'timer' | 'activity';
}

const { step } = activities<typeof steps>();

// A workflow's own clock stands still within a workflow task; this is the one that its log lines are dated with.
function wallClockMs(): number {
  const sandbox = globalThis as unknown as { __TEMPORAL_ACTIVATOR__: { getTimeOfDay(): bigint } };
  return Number(sandbox.__TEMPORAL_ACTIVATOR__.getTimeOfDay() / 1_000n) / 1_000;
}

export const benchTick = agentWorkflow(async (task) => {
  const { times, everyMs, by } = task.message.data as unknown as Ticking;
  if ((await task.ask('Go?', { timeout: '10 minutes' })) === undefined) return;
  for (let tick = 1; tick <= times; tick++) {
    await (by === 'timer' ? sleep(everyMs) : step(everyMs));
    task.status({ data: { tick, at: wallClockMs() } });
  }
});
