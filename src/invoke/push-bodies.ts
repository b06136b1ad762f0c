import type { Task } from '../tasks/task.ts';
import { showTask } from './view.ts';

/** What a webhook that was set through this facade is told of a change: the task as the change left it. */
export const writeInvokeBodies = (task: Task): string[] => [JSON.stringify({ task: showTask(task) })];
