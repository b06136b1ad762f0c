import type { Task, TaskChange, TaskState } from './task.ts';

const FINAL: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled', 'rejected']);
const INTERRUPTED: ReadonlySet<TaskState> = new Set(['input-required', 'auth-required']);

/** A final state never changes. */
export const isFinal = (state: TaskState): boolean => FINAL.has(state);

/** The task waits for its caller. */
export const isInterrupted = (state: TaskState): boolean => INTERRUPTED.has(state);

/** Nothing more happens without the caller: final, or waiting for it. */
export const isSettled = (state: TaskState): boolean => isFinal(state) || isInterrupted(state);

/** The task after one more recorded change; the given task is left as it is. */
export function applyChange(task: Task, change: TaskChange): Task {
  if (change.version <= task.version) return task;
  const artifacts = [...task.artifacts];
  for (const artifact of change.artifacts) {
    const at = artifacts.findIndex((known) => known.artifactId === artifact.artifactId);
    if (at === -1) artifacts.push(artifact);
    else artifacts[at] = artifact;
  }
  return {
    ...task,
    status: change.status ?? task.status,
    version: change.version,
    artifacts,
    history: change.messages.length > 0 ? [...task.history, ...change.messages] : task.history,
    updatedAt: change.at,
  };
}
