import { setTimeout as delay } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { messageOf } from '../errors.ts';

const DEPLOYMENT = 'workflow-agent-host';
// gRPC: UNIMPLEMENTED, PERMISSION_DENIED (where it is switched off), INVALID_ARGUMENT.
const NOT_OFFERED = new Set([12, 7, 3]);
const NOT_FOUND = 5;
const DRAINING = 1;
const UPDATE_IN_PROGRESS = 1;
const ASK_EVERY_MS = 100;
const PROMOTE_WITHIN_MS = 20_000;
const EVERYWHERE_WITHIN_MS = 5_000;

/** Workflow code as it was deployed: what began on it goes on on it. */
export interface WorkflowBundle {
  buildId: string;
  code: string;
  taskQueues: string[];
}

/** Keeps deployed code for as long as tasks run on it. */
export interface BundleStore {
  save(bundle: WorkflowBundle): Promise<void>;
  load(buildId: string): Promise<WorkflowBundle | undefined>;
}

/** What makes a worker one of a version, with its workflows pinned to it. */
export const versionedAs = (buildId: string): WorkerDeploymentOptions => ({
  useWorkerVersioning: true,
  version: { deploymentName: DEPLOYMENT, buildId },
  defaultVersioningBehavior: 'PINNED',
});

/** Whether the server offers Worker Versioning. */
export async function offersVersioning(client: Client): Promise<boolean> {
  try {
    const { namespace } = client.options;
    await client.workflowService.listWorkerDeployments({ namespace, pageSize: 1 });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && NOT_OFFERED.has(error.code)) return false;
    throw error;
  }
}

/**
 * Makes new workflows start on this version. The server knows a version at all only once its workers have polled.
 * @throws Error when that does not come about in time, or when `signal` aborts.
 */
export async function makeCurrent(client: Client, buildId: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + PROMOTE_WITHIN_MS;
  for (;;) {
    try {
      return await setCurrent(client, buildId);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`version ${buildId} is not current: ${messageOf(error)}`);
      await delay(ASK_EVERY_MS, undefined, { ref: false, signal });
    }
  }
}

/**
 * Waits until the server says that all of it knows the current version, and returns whether it did. It makes a version
 * current and may never say so (temporalio/temporal#11842), so that nothing may depend on the answer, and a version that
 * was current long before, as of a host that starts again, is not waited for.
 * @throws Error when `signal` aborts.
 */
export async function currentEverywhere(client: Client, signal: AbortSignal): Promise<boolean> {
  const asked = Date.now();
  for (;;) {
    const info = await describe(client);
    if (info?.routingConfigUpdateState !== UPDATE_IN_PROGRESS) return true;
    const seconds = info.routingConfig?.currentVersionChangedTime?.seconds;
    const changed = Number(seconds ?? Number.POSITIVE_INFINITY) * 1_000;
    if (Date.now() > Math.min(asked, changed) + EVERYWHERE_WITHIN_MS) return false;
    await delay(ASK_EVERY_MS, undefined, { ref: false, signal });
  }
}

/**
 * Makes new workflows start on workers without a version, where versions were used before: the server would go on
 * sending them to the last one.
 */
export async function makeUnversionedCurrent(client: Client): Promise<void> {
  try {
    await setCurrent(client, '');
  } catch (error) {
    // There never was a version.
    if (!(isGrpcServiceError(error) && error.code === NOT_FOUND)) throw error;
  }
}

async function setCurrent(client: Client, buildId: string): Promise<void> {
  await client.workflowService.setWorkerDeploymentCurrentVersion({
    namespace: client.options.namespace,
    deploymentName: DEPLOYMENT,
    buildId,
    identity: client.options.identity,
    // A queue that the version before had and this one has not is no reason to keep it from starting.
    ignoreMissingTaskQueues: true,
  });
}

/** Undefined when there never was a version. */
async function describe(client: Client) {
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace: client.options.namespace,
      deploymentName: DEPLOYMENT,
    });
    return workerDeploymentInfo ?? undefined;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** The versions, other than this one, on which workflows still run. */
export async function formerVersions(client: Client, buildId: string | undefined): Promise<string[]> {
  const info = await describe(client);
  return (info?.versionSummaries ?? []).flatMap((summary) => {
    const id = summary.deploymentVersion?.buildId;
    return id && id !== buildId && summary.drainageStatus === DRAINING ? [id] : [];
  });
}
