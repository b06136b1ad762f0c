import type { Message, Task, TaskChange, TaskState } from './task.ts';

const FINAL: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled', 'rejected']);
const INTERRUPTED: ReadonlySet<TaskState> = new Set(['input-required', 'auth-required']);

/** A final state never changes. */
export const isFinal = (state: TaskState): boolean => FINAL.has(state);

/** The task waits for its caller. */
export const isInterrupted = (state: TaskState): boolean => INTERRUPTED.has(state);

/** Nothing more happens without the caller: final, or waiting for it. */
export const isSettled = (state: TaskState): boolean => isFinal(state) || isInterrupted(state);

/** Whether its caller may be told of it: there is a task to be seen, or a reply in place of one. */
export const isDecided = (task: Task): boolean => !task.hidden || isFinal(task.status.state);

/** The plain message that is the whole answer; undefined for a task. */
export const replyOf = ({ status }: Task): Message | undefined => (status.reply ? status.message : undefined);

/** The task after one more recorded change; the given task is left as it is. */
export function applyChange(task: Task, change: TaskChange): Task {
  if (change.version <= task.version) return task;
  const artifacts = [...task.artifacts];
  for (const artifact of change.artifacts) {
    const at = artifacts.findIndex((known) => known.artifactId === artifact.artifactId);
    if (at === -1) artifacts.push(artifact);
    else artifacts[at] = artifact;
  }
  const { hidden: _, ...seen } = task;
  return {
    ...seen,
    ...(change.status?.reply ? { hidden: true } : {}),
    status: change.status ?? task.status,
    version: change.version,
    artifacts,
    history: change.messages.length > 0 ? [...task.history, ...change.messages] : task.history,
    updatedAt: change.at,
  };
}
