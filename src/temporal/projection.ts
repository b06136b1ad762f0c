import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  isBrokenCircuitError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import type { Projection } from '../tasks/contract.ts';
import type { Recorded, TaskStore } from '../tasks/ports.ts';

/** A local activity has a second, and what it does not get done in it must not go on behind it. */
const LOCAL_MS = 800;
const PATIENT_MS = 8_000;
/** The record counts as away after so many writes in a row, and is then tried once in a while. */
const FAILURES = 3;
const TRY_AGAIN_MS = 500;

/** Hears of a task's change and of who is to hear of it. */
export type ToldOfChange = (taskId: string, recorded: Recorded) => void;

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
  return async (projection) => {
    const isLocal = activityInfo().isLocal;
    const limit = isLocal ? quick : patient;
    try {
      // A signal for each call: on the policies' own, which never fires, listeners would pile up.
      const { signal } = new AbortController();
      const recorded = await breaker.execute(
        () => limit.execute(() => store.project(projection), signal),
        signal,
      );
      told(projection.taskId, recorded);
    } catch (error) {
      if (isLocal && isBrokenCircuitError(error)) {
        throw ApplicationFailure.nonRetryable('The record is away', 'RecordAway');
      }
      throw error;
    }
  };
}
