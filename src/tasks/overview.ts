import { setTimeout as delay } from 'node:timers/promises';
import { taskNotFound } from '../errors.ts';
import type { TaskState } from './task.ts';
import { type Span, type SpanKind, spansOf, spentOf, type TaskMoment } from './timeline.ts';

/** A task in a line: what a list shows of it. */
export interface TaskLine {
  id: string;
  agentCode: string;
  contextId: string;
  owner: string;
  state: TaskState;
  /** The beginning of what was said last with its state. */
  text?: string;
  version: number;
  createdAt: string;
  /** Since when it is in its state. */
  stateAt: string;
}

/** Whose tasks are looked at. */
export interface Sight {
  /** Everybody's when absent. */
  owner?: string;
  /** Tasks of these agents are not there. */
  without: readonly string[];
}

export interface LineQuery extends Sight {
  agentCode?: string;
  contextId?: string;
  state?: TaskState;
  /** Begun at or after, and before; ISO 8601. */
  from?: string;
  to?: string;
  limit: number;
  cursor?: LineCursor;
}

/** Where a page ended: newest first, by when they were accepted. */
export interface LineCursor {
  createdAt: string;
  id: string;
}

export interface LinePage {
  lines: TaskLine[];
  /** How many the whole list holds; on the first page alone. */
  total?: number;
  next?: LineCursor;
}

/** What the record keeps of a task's life. */
export interface TaskLife {
  line: TaskLine;
  /** The workflow run that reported last. */
  runId?: string;
  /** In order; of a very long life the newest. */
  moments: TaskMoment[];
  /** The record's clock when it was read. */
  readAt: string;
}

export interface TaskTimeline extends TaskLife {
  spans: Span[];
  /** In milliseconds. */
  spent: Record<SpanKind, number>;
}

export interface OverviewStore {
  lines(query: LineQuery): Promise<LinePage>;
  /** Those of these tasks that are in sight. */
  linesOf(taskIds: string[], sight: Sight): Promise<TaskLine[]>;
  life(taskId: string, sight: Sight): Promise<TaskLife | undefined>;
}

/** Tells of each new or changed task by its id, and with undefined that some may have been missed. */
export interface TaskNews {
  /** @returns what ends it. */
  onAny(hear: (taskId: string | undefined) => void): () => void;
}

/** Tasks that changed, as they are now; `missed`: others may have as well, and the list is to be read again. */
export interface ChangedLines {
  lines: TaskLine[];
  missed: boolean;
}

/** Changes are told together, a few times a second, however many there are. */
const TOGETHER_MS = 200;
/** More than these at once are no news but another list. */
const AT_ONCE = 1_000;

/** Many tasks at a glance, and one task's life. Another caller's task is in none of it. */
export class TaskOverview {
  readonly #store: OverviewStore;
  readonly #news: TaskNews;

  constructor({ store, news }: { store: OverviewStore; news: TaskNews }) {
    this.#store = store;
    this.#news = news;
  }

  /** Newest first. @throws HostError `unavailable`. */
  list(query: LineQuery): Promise<LinePage> {
    return this.#store.lines(query);
  }

  /** @throws HostError `task_not_found`, `unavailable`. */
  async timeline(taskId: string, sight: Sight): Promise<TaskTimeline> {
    const life = await this.#store.life(taskId, sight);
    if (life === undefined) throw taskNotFound();
    const spans = spansOf(life.line.createdAt, life.moments);
    return { ...life, spans, spent: spentOf(spans, life.readAt) };
  }

  /**
   * The tasks in sight as they begin and change, until `signal` aborts. The first thing told is that the list is to be read: what
   * changes from then on is told.
   * @param sightNow what is in sight now: it may change meanwhile.
   */
  async *changes(
    sightNow: () => Promise<Sight>,
    signal: AbortSignal,
  ): AsyncGenerator<ChangedLines, void, undefined> {
    const changed = new Set<string>();
    let missed = true;
    let wake = () => {};
    const stop = this.#news.onAny((taskId) => {
      if (taskId === undefined || changed.size >= AT_ONCE) {
        changed.clear();
        missed = true;
      } else changed.add(taskId);
      wake();
    });
    const aborted = () => wake();
    signal.addEventListener('abort', aborted);
    try {
      while (!signal.aborted) {
        if (missed) {
          missed = false;
          yield { lines: [], missed: true };
        }
        const lines = changed.size === 0 ? [] : await this.#store.linesOf(taken(changed), await sightNow());
        if (lines.length > 0) yield { lines, missed: false };
        if (!missed && changed.size === 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        await delay(TOGETHER_MS, undefined, { signal }).catch(() => {});
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      stop();
    }
  }
}

function taken(ids: Set<string>): string[] {
  const all = [...ids];
  ids.clear();
  return all;
}
