import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  isBrokenCircuitError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { type Projection, workflowIdOf } from '../tasks/contract.ts';
import { readReport } from '../tasks/contract-schema.ts';
import type { Recorded, TaskStore } from '../tasks/ports.ts';

/** A local activity has a second, and what it does not get done in it must not go on behind it. */
const LOCAL_MS = 800;
const PATIENT_MS = 8_000;
/** The record counts as away after so many writes in a row, and is then tried once in a while. */
const FAILURES = 3;
const TRY_AGAIN_MS = 500;

/** Hears of a task's change, of who is to hear of it, and how long it took from the workflow to the record. */
export type ToldOfChange = (taskId: string, recorded: Recorded, lagMs: number) => void;

/**
 * The activity that records a change. While the record is away it fails at once, so that the workflow task which
 * waits for it goes on and the ordinary activity behind it takes over.
 * @param told is told of each change; nobody waits for it.
 */
export function createProjection(
  store: Pick<TaskStore, 'project'>,
  told: ToldOfChange,
): (projection: Projection) => Promise<void> {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: TRY_AGAIN_MS,
  });
  const quick = timeout(LOCAL_MS, TimeoutStrategy.Aggressive);
  const patient = timeout(PATIENT_MS, TimeoutStrategy.Aggressive);
  return async (given) => {
    const { isLocal, workflowExecution, scheduledTimestampMs } = activityInfo();
    const projection = isLocal ? given : checked(given);
    if (workflowExecution?.workflowId !== workflowIdOf(projection.taskId)) {
      throw ApplicationFailure.nonRetryable('A workflow reports of its own task only', 'NotItsTask');
    }
    const limit = isLocal ? quick : patient;
    try {
      // A signal for each call: on the policies' own, which never fires, listeners would pile up.
      const { signal } = new AbortController();
      const recorded = await breaker.execute(
        () => limit.execute(() => store.project(projection), signal),
        signal,
      );
      told(projection.taskId, recorded, Date.now() - scheduledTimestampMs);
    } catch (error) {
      if (isLocal && isBrokenCircuitError(error)) {
        throw ApplicationFailure.nonRetryable('The record is away', 'RecordAway');
      }
      throw error;
    }
  };
}

/** The kit's own reports are right; those of workflows of other workers are held to the contract. */
function checked(given: Projection): Projection {
  const read = readReport(given);
  if ('problem' in read) throw ApplicationFailure.nonRetryable(`projectChange: ${read.problem}`, 'BadReport');
  return read.report;
}
