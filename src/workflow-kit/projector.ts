import {
  CancellationScope,
  condition,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { type HostActivities, type Projection, SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import { activityFailed } from './failures.ts';
import type { Snapshot } from './snapshot.ts';

// Short: while a local activity is pending the workflow task is held, and with it everything the workflow does.
const quick = proxyLocalActivities<HostActivities>({
  startToCloseTimeout: '1 second',
  retry: { maximumAttempts: 2, initialInterval: '100 milliseconds' },
});

// Outlives an outage of the database, however long, and leaves one event in history whatever its length.
const patient = proxyActivities<HostActivities>({
  taskQueue: SYSTEM_TASK_QUEUE,
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
});

export interface ProjectorOptions {
  snapshot: Snapshot;
  taskId: string;
  /** Reports only once nothing else is left to do. A plain body's older tasks do without, and would not replay. */
  wholeSteps: boolean;
}

/** Reports the snapshot's changes, one report at a time; what changes meanwhile goes into the next one. */
export class Projector {
  readonly #snapshot: Snapshot;
  readonly #taskId: string;
  readonly #wholeSteps: boolean;
  #reporting = false;

  constructor({ snapshot, taskId, wholeSteps }: ProjectorOptions) {
    this.#snapshot = snapshot;
    this.#taskId = taskId;
    this.#wholeSteps = wholeSteps;
  }

  /**
   * Runs for as long as the workflow does; to be started in a non-cancellable scope. A condition is looked
   * at once the workflow task's code has run, so all changes of one workflow task make one report.
   */
  async run(): Promise<void> {
    for (;;) {
      await condition(() => this.#snapshot.dirty && !this.#reporting);
      this.#reporting = true;
      if (this.#wholeSteps) await endOfStep();
      await this.#report();
      this.#reporting = false;
    }
  }

  /** Resolves when everything said so far is recorded. */
  async settled(): Promise<void> {
    await condition(() => !this.#snapshot.dirty && !this.#reporting);
  }

  /**
   * Leaves what there is to report, if anything, to a local activity of the body's own, which records it before all else:
   * one way to the worker less. What that does not record is recorded when it has failed.
   */
  async leaveTo<T>(step: (report: Projection | undefined) => Promise<T>): Promise<T> {
    if (this.#reporting || !this.#snapshot.dirty) {
      await this.settled();
      return step(undefined);
    }
    this.#reporting = true;
    const report = this.#take();
    try {
      return await step(report);
    } catch (error) {
      if (!hasRecorded(error)) await CancellationScope.nonCancellable(() => patient.projectChange(report));
      throw error;
    } finally {
      this.#reporting = false;
    }
  }

  #take(): Projection {
    const { runId, historyLength } = workflowInfo();
    return { ...this.#snapshot.take(this.#taskId, runId), historyLength };
  }

  async #report(): Promise<void> {
    const projection = this.#take();
    try {
      await quick.projectChange(projection);
    } catch {
      await patient.projectChange(projection);
    }
  }
}

/** A step that a report was left to fails for good only once that is recorded. */
const hasRecorded = (error: unknown): boolean => Boolean(activityFailed(error)?.nonRetryable);

/**
 * A condition is looked at when it is made, which is too early, and then each time that all the code that can run
 * has run.
 */
async function endOfStep(): Promise<void> {
  let looks = 0;
  await condition(() => {
    looks += 1;
    return looks > 1;
  });
}
