import type { TaskService } from '../tasks/service.ts';
import { applyChange, isFinal } from '../tasks/state.ts';
import type { Task } from '../tasks/task.ts';

/** What a task was like. */
export interface TaskVersions {
  /** The task as each change after this version left it, in order. @throws HostError `unavailable`. */
  after(task: Task, version: number): AsyncIterable<Task>;
}

/** Tasks as they change. */
export class TaskStream {
  readonly #tasks: Pick<TaskService, 'watch'>;
  readonly #versions: TaskVersions;

  constructor({ tasks, versions }: { tasks: Pick<TaskService, 'watch'>; versions: TaskVersions }) {
    this.#tasks = tasks;
    this.#versions = versions;
  }

  /**
   * The task as it stands, and after each change, until it ends or `signal` aborts.
   * @param seen the version up to which its reader has seen it: every change after that comes, none left out.
   */
  async *snapshots(task: Task, seen: number | undefined, signal: AbortSignal): AsyncGenerator<Task, void> {
    let last = task;
    if (seen === undefined || seen > task.version) yield task;
    else if (seen < task.version) {
      for await (const snapshot of this.#versions.after(task, seen)) {
        if (signal.aborted) return;
        yield snapshot;
        last = snapshot;
      }
    }
    for await (const change of this.#tasks.watch(last, signal)) {
      last = applyChange(last, change);
      yield last;
    }
  }

  /** Whether its reader has seen the end of it. */
  static isOver({ version, status }: Task, seen: number | undefined): boolean {
    return seen === version && isFinal(status.state);
  }
}
