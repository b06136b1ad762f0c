import { Context } from '@temporalio/activity';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { messageOf } from '../../errors.ts';
import { type Beside, STILL_RUNS } from '../../plain/contract.ts';
import type { Projection } from '../../tasks/contract.ts';
import { failureFor } from './follow.ts';

/** For so long the step of a task's workflow, and with it all that is said to it, waits for one that may end at once. */
const MOMENT_MS = 500;
/** gRPC's status. */
const INVALID_ARGUMENT = 3;

/**
 * Records what its task has to say, starts a workflow, unless an earlier attempt has, and waits for its end; as a local
 * activity for a moment.
 */
export async function runBeside(
  client: Client,
  record: (report: Projection) => Promise<void>,
  { report, ...beside }: Beside,
): Promise<unknown> {
  if (report !== undefined) await recorded(record, report);
  const { info, cancellationSignal, cancelled } = Context.current();
  const moment = info.isLocal ? AbortSignal.timeout(MOMENT_MS) : undefined;
  const signal = moment === undefined ? cancellationSignal : AbortSignal.any([cancellationSignal, moment]);
  const { workflowId, workflowType } = beside;
  try {
    return await client.connection.withAbortSignal(signal, async () => {
      await start(client, beside);
      return client.workflow.getHandle(workflowId).result();
    });
  } catch (error) {
    if (cancellationSignal.aborted) await cancelled;
    if (moment?.aborted) throw stillRuns(workflowType);
    throw failureFor(workflowType, error);
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

async function start(client: Client, beside: Beside): Promise<void> {
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
    const { cause } = error instanceof ServiceError ? error : { cause: undefined };
    if (cause === undefined || !isGrpcServiceError(cause) || cause.code !== INVALID_ARGUMENT) throw error;
    throw ApplicationFailure.nonRetryable(
      `Workflow ${workflowType} cannot be started: ${messageOf(cause)}`,
      'Refused',
    );
  }
}

const stillRuns = (workflowType: string): ApplicationFailure =>
  ApplicationFailure.create({
    message: `${workflowType} goes on`,
    type: STILL_RUNS,
    nonRetryable: true,
    // Nothing is wrong: the worker's log need not tell.
    category: ApplicationFailureCategory.BENIGN,
  });
