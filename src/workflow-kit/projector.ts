import { condition, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import { type HostActivities, SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
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
      await condition(() => this.#snapshot.dirty);
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

  async #report(): Promise<void> {
    const { runId, historyLength } = workflowInfo();
    const projection = { ...this.#snapshot.take(this.#taskId, runId), historyLength };
    try {
      await quick.projectChange(projection);
    } catch {
      await patient.projectChange(projection);
    }
  }
}

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
