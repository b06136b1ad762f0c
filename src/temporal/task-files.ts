import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { HostError } from '../errors.ts';
import { TASK_FILES, type TaskFiles, taskIdOf } from '../tasks/contract.ts';
import type { Files } from '../tasks/files.ts';

type Activities = Record<string, (...args: never[]) => unknown>;

/** The same activities, each with the files of the task it is run for (`workflow-agent-host/activity`). */
export const withTaskFiles = (activities: Activities, files: Files): Activities =>
  Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      (...args: never[]) => {
        const context = Context.current();
        const taskId = taskIdOf(context.info.workflowExecution?.workflowId ?? '');
        if (taskId !== undefined) {
          Object.defineProperty(context, TASK_FILES, { value: filesOf(taskId, files) });
        }
        return activity(...args);
      },
    ]),
  );

const filesOf = (taskId: string, files: Files): TaskFiles => ({
  read: (id) => lasting(files.read(taskId, id)),
  save: (bytes, about) => lasting(files.save(taskId, bytes, about)),
});

/** What is refused now would be refused again; only an outage passes. */
async function lasting<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HostError && error.code !== 'unavailable') {
      throw ApplicationFailure.nonRetryable(error.message, error.code);
    }
    throw error;
  }
}
