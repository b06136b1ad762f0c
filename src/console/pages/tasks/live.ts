import { useEffect, useRef, useState } from 'preact/hooks';
import { type TaskFilters, type TaskLine, watchTasks } from '../../api/tasks.ts';
import { usePageSeen } from '../../ui/page-seen.ts';

interface Heard {
  /** Tasks as they are now, each once. */
  changed(tasks: TaskLine[]): void;
  /** Some changes may not have been heard. */
  missed(): void;
}

/**
 * Hears of changed tasks while the page is in front, no more than once in a frame, however many there are.
 * @returns whether it hears.
 */
export function useTaskEvents(heard: Heard): boolean {
  const [live, setLive] = useState(false);
  const seen = usePageSeen();
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    if (!seen) return;
    const control = new AbortController();
    const waiting = new Map<string, TaskLine>();
    let missed = false;
    let frame = 0;
    const tell = () => {
      frame = 0;
      if (missed) latest.current.missed();
      if (waiting.size > 0) latest.current.changed([...waiting.values()]);
      missed = false;
      waiting.clear();
    };
    watchTasks(
      {
        live: setLive,
        event: (event) => {
          missed ||= event.missed;
          for (const task of event.tasks) waiting.set(task.task_id, task);
          frame ||= requestAnimationFrame(tell);
        },
      },
      control.signal,
    ).catch(() => control.signal.aborted || setLive(false));
    return () => {
      control.abort();
      cancelAnimationFrame(frame);
      setLive(false);
    };
  }, [seen]);
  return live;
}

const fits = (task: TaskLine, { agent_id, status, context_id, caller }: TaskFilters): boolean =>
  (agent_id === '' || task.agent_id === agent_id) &&
  (status === '' || task.status === status) &&
  (context_id === '' || task.context_id === context_id) &&
  (caller === '' || task.caller === caller);

/** The list, newest first, with these changes: what no longer fits is gone, what is new is in its place. */
export function merged(
  rows: readonly TaskLine[],
  changed: readonly TaskLine[],
  filters: TaskFilters,
): TaskLine[] {
  const news = new Map(changed.map((task) => [task.task_id, task]));
  const kept: TaskLine[] = [];
  for (const row of rows) {
    const now = news.get(row.task_id);
    news.delete(row.task_id);
    if (now === undefined || now.version < row.version) kept.push(row);
    else if (fits(now, filters)) kept.push(now);
  }
  // One from before what is loaded comes with its page.
  const oldest = rows.at(-1)?.created_at ?? '';
  const added = [...news.values()].filter((task) => fits(task, filters) && task.created_at >= oldest);
  if (added.length === 0) return kept;
  return [...added, ...kept].sort((a, b) =>
    a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0,
  );
}
