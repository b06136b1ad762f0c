import type { DataConverter } from '@temporalio/common';
import {
  type NativeConnection,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import { WATCH_TASK_QUEUE } from '../plain/contract.ts';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import { activityLimits } from './activity-limits.ts';
import { automaticHeartbeats } from './heartbeats.ts';
import { CALL_TASK_QUEUE, PUSH_RETRY_TASK_QUEUE, PUSH_TASK_QUEUE } from './system-contract.ts';
import { tracedActivities } from './tracing.ts';

/**
 * What waits for others, at once in one process: plain workflows for their users, webhooks that are slow to answer, calls
 * of agents elsewhere.
 * Each has a task queue of its own, so that it keeps no place from anything else.
 */
const WAITING: readonly { taskQueue: string; atOnce: number }[] = [
  { taskQueue: WATCH_TASK_QUEUE, atOnce: 2_000 },
  { taskQueue: PUSH_TASK_QUEUE, atOnce: 500 },
  { taskQueue: PUSH_RETRY_TASK_QUEUE, atOnce: 500 },
  { taskQueue: CALL_TASK_QUEUE, atOnce: 2_000 },
];

export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  bundle: { code: string };
  /** How payloads are written and read outside of the sandbox; the SDK's own when absent. */
  dataConverter?: DataConverter;
  /** Authors' activities and the host's. */
  activities: object;
  /** The task queues of the published agents. */
  taskQueues: string[];
  /** False on a process that only answers requests: it runs workflow code, for eager starts, and no activities. */
  runActivities: boolean;
  /** Whether it serves what waits for others, too. That knows no versions: once on a connection is all there can be. */
  servesWaiting: boolean;
  /** Hears how long each activity waited for a worker. */
  begun?(taskQueue: string, waitedMs: number): void;
  /** Pins workflows to the version they began on; left out where the server has no versions. */
  deployment?: WorkerDeploymentOptions;
}

/** Creates, without running them, one worker for each agents' task queue and one for the host's own. */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const shared: Omit<WorkerOptions, 'taskQueue'> = {
    connection: options.connection,
    namespace: options.namespace,
    workflowBundle: options.bundle,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    ...(options.deployment === undefined ? {} : { workerDeploymentOptions: options.deployment }),
    activities: options.activities,
    enableNonLocalActivities: options.runActivities,
    // An eager start needs free slots beyond those that the pollers hold.
    maxConcurrentWorkflowTaskExecutions: 200,
    maxConcurrentLocalActivityExecutions: 200,
    // How long a workflow waits for a dead worker before another one takes it.
    stickyQueueScheduleToStartTimeout: '1 second',
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '6 seconds',
    interceptors: {
      activity: [
        tracedActivities,
        (context) => ({ inbound: automaticHeartbeats(context) }),
        (context) => ({ inbound: activityLimits(context) }),
        ({ info }) => {
          if (!info.isLocal)
            options.begun?.(info.taskQueue, Date.now() - info.currentAttemptScheduledTimestampMs);
          return {};
        },
      ],
    },
  };
  const queues = [...options.taskQueues, ...(options.runActivities ? [SYSTEM_TASK_QUEUE] : [])];
  const workers = queues.map((taskQueue) => Worker.create({ ...shared, taskQueue }));
  if (options.runActivities && options.servesWaiting) workers.push(...createWaiting(shared));
  return Promise.all(workers);
}

function createWaiting({
  workflowBundle: _,
  workerDeploymentOptions: __,
  ...shared
}: Omit<WorkerOptions, 'taskQueue'>): Promise<Worker>[] {
  return WAITING.map(({ taskQueue, atOnce }) =>
    Worker.create({ ...shared, taskQueue, maxConcurrentActivityTaskExecutions: atOnce }),
  );
}
