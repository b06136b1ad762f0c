import type { TaskStore } from './tasks/ports.ts';
import { createPlainActivities, type PlainActivityOptions } from './temporal/plain/activities.ts';
import { HeadStarts } from './temporal/plain/head-starts.ts';
import type { ToldOfChange } from './temporal/projection.ts';

interface Listeners {
  /** Hears how long a change took to be recorded. */
  metrics: { recorded(lagMs: number): void };
  engine: { heard(taskId: string): void };
  push: { changed(taskId: string): void };
  gateway: { taskChanged(taskId: string): void };
}

/** Tells those whom it concerns of each recorded change. */
export const toldOfChange =
  ({ metrics, engine, push, gateway }: Listeners): ToldOfChange =>
  (taskId, { pushes, calls }, lagMs) => {
    metrics.recorded(lagMs);
    engine.heard(taskId);
    if (pushes) push.changed(taskId);
    if (calls) gateway.taskChanged(taskId);
  };

interface PlainOptions extends Omit<PlainActivityOptions, 'headStarts'> {
  store: Pick<TaskStore, 'project'>;
  changed: ToldOfChange;
}

/** What stands before plain workflows outside of Temporal's sandbox. */
export function createPlain({ store, changed, ...options }: PlainOptions) {
  const headStarts = new HeadStarts({
    client: options.client,
    record: async (report) => {
      const begun = Date.now();
      changed(report.taskId, await store.project(report), Date.now() - begun);
    },
  });
  return { headStarts, activities: createPlainActivities({ ...options, headStarts }) };
}
