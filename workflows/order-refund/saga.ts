import { ActivityFailure, ApplicationFailure, CancellationScope, sleep } from '@temporalio/workflow';

export interface SagaStep {
  name: string;
  run(): Promise<string>;
  /** Safe to call also when it is unknown whether `run` took effect. */
  undo?(): Promise<string>;
}

export interface SagaRecord {
  done: string[];
  undone: string[];
  /** Steps that could not be undone and need a person. */
  stuck: string[];
  /** The step at which it ended early. */
  failedAt?: string;
}

/**
 * Takes the steps in order. When one fails, or the task is canceled, undoes those before it in reverse order
 * and throws the error on. `record` tells at each moment what was done.
 */
export async function runSaga(
  steps: SagaStep[],
  record: SagaRecord,
  options: { pauseMs: number; onStep(name: string): void },
): Promise<void> {
  const toUndo: SagaStep[] = [];
  for (const step of steps) {
    try {
      options.onStep(step.name);
      if (options.pauseMs > 0) await sleep(options.pauseMs);
      // Noted before: a step that was canceled or timed out may have taken effect all the same.
      toUndo.push(step);
      record.done.push(await step.run());
    } catch (error) {
      if (refused(error)) toUndo.pop();
      record.failedAt = step.name;
      await CancellationScope.nonCancellable(() => undo(toUndo.reverse(), record));
      throw error;
    }
  }
}

async function undo(steps: SagaStep[], record: SagaRecord): Promise<void> {
  for (const { name, undo } of steps) {
    if (undo === undefined) continue;
    try {
      record.undone.push(await undo());
    } catch {
      // The others are still to be undone.
      record.stuck.push(name);
    }
  }
}

const refused = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type === 'Refused';
