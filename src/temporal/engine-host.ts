import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { NativeConnection, Worker, WorkerDeploymentOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { HostError, messageOf, unavailable } from '../errors.ts';
import { connectTemporal } from './connection.ts';
import type { HostConverter } from './data-converter.ts';
import {
  type BundleStore,
  currentEverywhere,
  formerVersions,
  makeCurrent,
  makeUnversionedCurrent,
  offersVersioning,
  versionedAs,
  type WorkflowBundle,
} from './deployment.ts';
import { FormerWorkers } from './former-workers.ts';
import { ensureSchedules } from './schedules.ts';
import { tracedClient } from './tracing.ts';
import { createWorkers } from './worker.ts';

const RETRY_MS = 1_000;
/** Another process may leave behind a version that only it ran. */
const ADJUST_EVERY_MS = 30_000;

export interface TemporalHostOptions {
  config: Config;
  address: string;
  /** What this process runs, and as what version. */
  bundle: WorkflowBundle;
  bundles: BundleStore;
  converter: HostConverter;
  activities: object;
  runActivities: boolean;
  /** Hears how long each activity waited for a worker. */
  begun(taskQueue: string, waitedMs: number): void;
  log: Logger;
}

/**
 * This process's part of Temporal: one connection, its client, its workers. While Temporal is away the process
 * goes on without it, and takes up its work when Temporal is back.
 */
export class TemporalHost {
  readonly #options: TemporalHostOptions;
  #client: Client | undefined;
  #connection: NativeConnection | undefined;
  #formerConnection: NativeConnection | undefined;
  #workers: Worker[] = [];
  /** Whether the server has Worker Versioning, and whether this process makes use of it. */
  #offered = false;
  #versioned = false;
  #former: FormerWorkers | undefined;
  #adjusting: NodeJS.Timeout | undefined;
  readonly #stop = new AbortController();
  /** What goes on beside the workers, and ends before the connection does. */
  readonly #chores = new Set<Promise<void>>();
  #work: Promise<void> = Promise.resolve();
  #promoted: () => void = () => {};
  #becoming = false;

  constructor(options: TemporalHostOptions) {
    this.#options = options;
  }

  /** @throws HostError `unavailable` until Temporal has answered for the first time. */
  get client(): Client {
    if (this.#client === undefined) throw unavailable('The workflow engine is not reachable at the moment');
    return this.#client;
  }

  /**
   * Connects and starts the workers; when Temporal is away, goes on trying behind the caller's back.
   * @throws HostError `config` when Temporal answers and will not have us.
   */
  async start(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#connect();
    } catch (error) {
      if (!(error instanceof HostError && error.code === 'unavailable')) throw error;
      log.warn(`${error.message}; messages are accepted and will run when it is back`);
    }
    const promoted = new Promise<void>((resolve) => {
      this.#promoted = resolve;
    });
    this.#work = this.#keepWorking();
    // So that what is sent to a host that has just become ready starts on its code.
    if (this.#client !== undefined) await promoted;
  }

  /** @throws HostError `unavailable` when the server does not answer within two seconds. */
  async check(): Promise<void> {
    const { client } = this;
    const { namespace } = client.options;
    try {
      await client.connection.withDeadline(Date.now() + 2_000, () =>
        client.workflowService.describeNamespace({ namespace }),
      );
    } catch (error) {
      throw new HostError('unavailable', 'Temporal does not answer', { cause: error });
    }
  }

  /** @throws HostError `unavailable` when a worker does not run. */
  async checkWorkers(): Promise<void> {
    const stopped = this.#workers.find((worker) => worker.getState() !== 'RUNNING');
    if (stopped === undefined && this.#workers.length > 0) return;
    throw unavailable(`the worker is ${stopped?.getState().toLowerCase() ?? 'not started'}`);
  }

  /** Lets the workers finish what they run, bounded, and closes the connection. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#adjusting);
    this.#shutdownWorkers();
    await Promise.all([this.#work, this.#former?.close(), ...this.#chores]);
    await Promise.all([this.#connection?.close(), this.#formerConnection?.close()]);
  }

  async #connect(): Promise<void> {
    const { config, address, bundle, converter } = this.#options;
    const dataConverter = converter.client;
    const namespace = config.TEMPORAL_NAMESPACE;
    this.#connection ??= await connectTemporal(config, address);
    const interceptors = { workflow: [tracedClient] };
    this.#client ??= new Client({ connection: this.#connection, namespace, interceptors, dataConverter });
    try {
      this.#offered = await offersVersioning(this.#client);
      this.#versioned = config.WORKER_VERSIONING && this.#offered;
      const deployment = this.#versioned ? versionedAs(bundle.buildId) : undefined;
      this.#workers = await this.#createWorkers(this.#connection, bundle, deployment, true);
    } catch (error) {
      throw refusal(error, config);
    }
  }

  #createWorkers(
    connection: NativeConnection,
    bundle: WorkflowBundle,
    deployment: WorkerDeploymentOptions | undefined,
    servesWaiting: boolean,
  ): Promise<Worker[]> {
    const { config, activities, runActivities, begun, converter } = this.#options;
    return createWorkers({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      bundle,
      taskQueues: bundle.taskQueues,
      activities,
      runActivities,
      begun,
      servesWaiting,
      dataConverter: converter.worker,
      ...(deployment === undefined ? {} : { deployment }),
    });
  }

  /** On a connection of their own: an eager start takes any worker of the client's connection, an old one too. */
  async #createFormerWorkers(former: WorkflowBundle): Promise<Worker[]> {
    const { config, address } = this.#options;
    this.#formerConnection ??= await connectTemporal(config, address);
    return this.#createWorkers(this.#formerConnection, former, versionedAs(former.buildId), false);
  }

  /** Runs the workers for as long as the process does; one that fails is replaced, and the others with it. */
  async #keepWorking(): Promise<void> {
    const { log } = this.#options;
    let told = this.#client === undefined;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#workers.length === 0) await this.#connect();
        if (told) log.info('connected to Temporal');
        told = false;
        await this.#runWorkers();
      } catch (error) {
        if (!told) log.warn({ err: error }, 'no worker runs: Temporal is away or refuses it; trying again');
        told = true;
        await this.#pause();
      }
      this.#workers = [];
    }
  }

  async #runWorkers(): Promise<void> {
    const running = this.#workers.map((worker) => worker.run());
    if (this.#stop.signal.aborted) this.#shutdownWorkers();
    this.#chore(this.#becomeCurrent());
    if (this.#options.runActivities) this.#chore(this.#ensureSchedules());
    try {
      await Promise.all(running);
    } finally {
      this.#shutdownWorkers();
      await Promise.allSettled(running);
    }
  }

  #chore(work: Promise<void>): void {
    const done = work.finally(() => this.#chores.delete(done));
    this.#chores.add(done);
  }

  /** New tasks start on this process's code; tasks of earlier deployments go on on theirs. */
  async #becomeCurrent(): Promise<void> {
    if (!this.#offered) return this.#promoted();
    // What is still at it goes on with the workers that run now.
    if (this.#becoming) return;
    this.#becoming = true;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#promote();
        break;
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        const { log } = this.#options;
        log.error({ err: error }, 'this deployment could not be made the current one; trying again');
        this.#promoted();
        await this.#pause();
      }
    }
    this.#becoming = false;
    this.#promoted();
  }

  async #promote(): Promise<void> {
    const { bundle, bundles, log } = this.#options;
    if (!this.#versioned) {
      await makeUnversionedCurrent(this.client);
      return this.#serveFormer();
    }
    await bundles.save(bundle);
    await makeCurrent(this.client, bundle.buildId, this.#stop.signal);
    await this.#serveFormer();
    if (await currentEverywhere(this.client, this.#stop.signal)) return;
    log.warn(
      'Temporal does not say that all of it starts new tasks on this deployment; some may begin on the last',
    );
  }

  /** Runs the code that open tasks of earlier deployments began on. */
  async #serveFormer(): Promise<void> {
    const { bundle, bundles, log, runActivities } = this.#options;
    if (!runActivities) return;
    this.#former ??= new FormerWorkers({
      versions: () => formerVersions(this.client, this.#versioned ? bundle.buildId : undefined),
      load: (buildId) => bundles.load(buildId),
      createWorkers: (former) => this.#createFormerWorkers(former),
      log,
    });
    await this.#adjustFormer();
    clearInterval(this.#adjusting);
    this.#adjusting = setInterval(() => this.#chore(this.#adjustFormer()), ADJUST_EVERY_MS).unref();
  }

  async #adjustFormer(): Promise<void> {
    try {
      if (!this.#stop.signal.aborted) await this.#former?.adjust();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the workers of earlier deployments could not be looked after');
    }
  }

  async #ensureSchedules(): Promise<void> {
    const { log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await ensureSchedules(this.client);
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.warn({ err: error }, 'the schedules of the sweeps could not be made; trying again');
        await this.#pause();
      }
    }
  }

  /** Before another try; cut short by a stop. */
  async #pause(): Promise<void> {
    await delay(RETRY_MS, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {});
  }

  #shutdownWorkers(): void {
    for (const worker of this.#workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  }
}

/** What Temporal answered itself is for the operator to mend; anything else may pass. */
function refusal(error: unknown, { TEMPORAL_NAMESPACE }: Config): HostError {
  const message = messageOf(error);
  if (/code: NotFound/.test(message)) {
    const problem = `TEMPORAL_NAMESPACE: Temporal has no namespace ${JSON.stringify(TEMPORAL_NAMESPACE)}`;
    return new HostError('config', problem, { field: 'TEMPORAL_NAMESPACE', cause: error });
  }
  if (/code: (PermissionDenied|Unauthenticated|InvalidArgument)/.test(message)) {
    return new HostError('config', `Temporal refuses the worker: ${message}`, { cause: error });
  }
  return unavailable('Temporal does not answer the worker', error);
}
