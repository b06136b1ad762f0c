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

/** Plain workflows that may wait for their users, at once in one process. */
const MOST_WATCHED = 2_000;

export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  bundle: { code: string };
  /** Authors' activities and the host's. */
  activities: object;
  /** The task queues of the published agents. */
  taskQueues: string[];
  /** False on a process that only answers requests: it runs workflow code, for eager starts, and no activities. */
  runActivities: boolean;
  /** Pins workflows to the version they began on; left out where the server has no versions. */
  deployment?: WorkerDeploymentOptions;
}

/** Creates, without running them, one worker for each agents' task queue and one for the host's own. */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const shared: Omit<WorkerOptions, 'taskQueue'> = {
    connection: options.connection,
    namespace: options.namespace,
    workflowBundle: options.bundle,
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
        (context) => ({ inbound: automaticHeartbeats(context) }),
        (context) => ({ inbound: activityLimits(context) }),
      ],
    },
  };
  const queues = [...options.taskQueues, ...(options.runActivities ? [SYSTEM_TASK_QUEUE] : [])];
  const workers = queues.map((taskQueue) => Worker.create({ ...shared, taskQueue }));
  if (options.runActivities) workers.push(createWatcher(shared));
  return Promise.all(workers);
}

/** A worker of its own for what waits as long as a workflow runs: it must not keep a place from anything else. */
function createWatcher({
  workflowBundle: _,
  workerDeploymentOptions: __,
  ...shared
}: Omit<WorkerOptions, 'taskQueue'>) {
  return Worker.create({
    ...shared,
    taskQueue: WATCH_TASK_QUEUE,
    maxConcurrentActivityTaskExecutions: MOST_WATCHED,
  });
}
