import { Context } from '@temporalio/activity';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory, TemporalFailure } from '@temporalio/common';
import { messageOf } from '../../errors.ts';
import { type Beside, STILL_RUNS } from '../../plain/contract.ts';
import type { Projection } from '../../tasks/contract.ts';
import { checked, failureFor } from './follow.ts';
import type { HeadStarts } from './head-starts.ts';

/** For so long the step of a task's workflow, and with it all that is said to it, waits for one that may end at once. */
const MOMENT_MS = 500;
export interface BesideOptions {
  client: Client;
  record(report: Projection): Promise<void>;
  headStarts: Pick<HeadStarts, 'has'>;
}

/** gRPC's status. */
const INVALID_ARGUMENT = 3;

/**
 * Records what its task has to say, starts a workflow, unless an earlier attempt has, and waits for its end; as a local
 * activity for a moment.
 */
export async function runBeside(
  { client, record, headStarts }: BesideOptions,
  { report, ...beside }: Beside,
): Promise<unknown> {
  const { info, cancelled } = Context.current();
  const { workflowId, workflowType } = beside;
  const begun = info.isLocal && (await headStarts.has(workflowId));
  if (report !== undefined && !begun) await recorded(record, report);
  const run = async () => {
    if (!begun) await startOnce(client, beside);
    return checked(workflowType, await client.workflow.getHandle(workflowId).result());
  };
  try {
    if (!info.isLocal) return await Promise.race([run(), cancelled]);
    return await client.connection.withDeadline(Date.now() + MOMENT_MS, run);
  } catch (error) {
    const failure = failureFor(workflowType, error);
    // Nothing tells its end, nor that it will not begin: its time is up, or Temporal is away.
    if (info.isLocal && !(failure instanceof TemporalFailure)) throw stillRuns(workflowType);
    throw failure;
  }
}

async function recorded(record: (report: Projection) => Promise<void>, report: Projection): Promise<void> {
  try {
    await record(report);
  } catch (error) {
    // Never one that must not be retried: those say that it is recorded.
    throw ApplicationFailure.retryable(`The task could not be recorded: ${messageOf(error)}`, 'NotRecorded');
  }
}

/** @throws ApplicationFailure when Temporal will never take it. */
export async function startOnce(client: Client, beside: Beside): Promise<void> {
  const { workflowId, workflowType, taskQueue, args, timeoutMs, summary, memo, searchAttributes } = beside;
  try {
    await client.workflow.start(workflowType, {
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      // Only after a reset is what has failed not of an earlier attempt of this very step.
      workflowIdReusePolicy: beside.again ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'REJECT_DUPLICATE',
      taskQueue,
      args,
      workflowExecutionTimeout: timeoutMs,
      staticSummary: summary,
      ...(memo && { memo }),
      ...(searchAttributes && { searchAttributes: searchAttributes as Record<string, string[]> }),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    if (codeOf(error) !== INVALID_ARGUMENT) throw error;
    const problem = messageOf(error instanceof ServiceError ? error.cause : error);
    throw ApplicationFailure.nonRetryable(
      `Workflow ${workflowType} cannot be started: ${problem}`,
      'Refused',
    );
  }
}

/** gRPC's status of what Temporal answered. */
function codeOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

const stillRuns = (workflowType: string): ApplicationFailure =>
  ApplicationFailure.create({
    message: `${workflowType} goes on`,
    type: STILL_RUNS,
    nonRetryable: true,
    // Nothing is wrong: the worker's log need not tell.
    category: ApplicationFailureCategory.BENIGN,
  });
