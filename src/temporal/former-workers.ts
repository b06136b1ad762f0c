import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { WorkflowBundle } from './deployment.ts';

export interface FormerWorkersOptions {
  /** The versions on which workflows still run. */
  versions(): Promise<string[]>;
  load(buildId: string): Promise<WorkflowBundle | undefined>;
  createWorkers(bundle: WorkflowBundle): Promise<Worker[]>;
  log: Logger;
}

/** Runs the workers of earlier deployments for as long as tasks that began on them are open. */
export class FormerWorkers {
  readonly #options: FormerWorkersOptions;
  readonly #running = new Map<string, { workers: Worker[]; done: Promise<unknown> }>();
  readonly #told = new Set<string>();

  constructor(options: FormerWorkersOptions) {
    this.#options = options;
  }

  /** The build ids that run here now. */
  get buildIds(): string[] {
    return [...this.#running.keys()];
  }

  /** Takes up the versions that need a worker, and lets go of those that no longer do. */
  async adjust(): Promise<void> {
    const wanted = new Set(await this.#options.versions());
    for (const [buildId, { workers }] of this.#running) if (!wanted.has(buildId)) shutdown(workers);
    for (const buildId of wanted) if (!this.#running.has(buildId)) await this.#take(buildId);
  }

  async close(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { workers } of running) shutdown(workers);
    await Promise.all(running.map(({ done }) => done));
  }

  async #take(buildId: string): Promise<void> {
    const { log } = this.#options;
    const bundle = await this.#options.load(buildId);
    if (bundle === undefined) {
      if (!this.#told.has(buildId)) log.error({ buildId }, 'open tasks began on code that is not kept here');
      this.#told.add(buildId);
      return;
    }
    const workers = await this.#options.createWorkers(bundle);
    const done = Promise.allSettled(workers.map((worker) => worker.run())).then(() => {
      this.#running.delete(buildId);
    });
    this.#running.set(buildId, { workers, done });
    log.info({ buildId }, 'a worker runs the code of an earlier deployment for the tasks that began on it');
  }
}

function shutdown(workers: Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}
