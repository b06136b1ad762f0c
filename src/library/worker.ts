/** What an existing worker adds to run agents: `workflow-agent-host/worker`. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory, WorkerInterceptors } from '@temporalio/worker';
import { activityLimits } from '../temporal/activity-limits.ts';
import { automaticHeartbeats } from '../temporal/heartbeats.ts';

type Activities = Record<string, (...args: never[]) => unknown>;

/** To be spread into the options of `Worker.create`. */
export interface WorkerParts<A> {
  activities: A & Activities;
  interceptors: WorkerInterceptors & { activity: ActivityInterceptorsFactory[] };
}

/** What the worker has of its own: its options of these names would take the place of the parts, or the parts theirs. */
interface OwnParts<A> {
  activities?: A;
  interceptors?: WorkerInterceptors;
}

/**
 * Makes a worker of one's own run workflows made with `agentWorkflow`, which the host publishes as `cooperating`. It
 * needs no database: what tasks show is recorded by the host's workers, on its own task queue. Activities heartbeat
 * by themselves; `readFile` and `saveFile` are for the host's workers alone.
 *
 * @example
 * const worker = await Worker.create({ connection, taskQueue, workflowsPath, ...createWorker({ activities }) });
 */
export const createWorker = <A extends object>({
  activities,
  interceptors,
}: OwnParts<A> = {}): WorkerParts<A> => ({
  activities: { ...(activities as A), projectChange: leaveToHost },
  interceptors: {
    ...interceptors,
    activity: [
      (context) => ({ inbound: automaticHeartbeats(context) }),
      (context) => ({ inbound: activityLimits(context) }),
      ...(interceptors?.activity ?? []),
    ],
  },
});

/** The kit's quick way to the record is a host's worker's; at once it takes the other, by the host's task queue. */
async function leaveToHost(): Promise<never> {
  throw ApplicationFailure.nonRetryable('The host keeps the record', 'RecordAway');
}
