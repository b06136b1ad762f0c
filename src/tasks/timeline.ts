/** Where a task's time went, from what the record keeps of it. Pure. */
import { isFinal } from './state.ts';
import type { TaskState } from './task.ts';

/** What a task was doing: waiting to be worked on, being worked on, waiting for its caller. */
export type SpanKind = 'queue' | 'run' | 'wait';

/** A stretch of a task's life; without `to` it lasts. Times in ISO 8601. */
export interface Span {
  kind: SpanKind;
  state: TaskState;
  from: string;
  to?: string;
}

/** Something that happened to a task. */
export interface TaskMoment {
  at: string;
  /** The state that a change brought; absent when it brought none. */
  state?: TaskState;
  /** Of the change; absent for what its caller said. */
  version?: number;
  /** Who said something. */
  role?: 'user' | 'agent';
  text?: string;
}

/**
 * The task's life in stretches, without gaps. A task queues until the first change its workflow reports, and again from
 * each answer of its caller until the next. A first change that is the end already has no queue that could be told from
 * the run.
 */
export function spansOf(createdAt: string, moments: readonly TaskMoment[]): Span[] {
  const spans: Span[] = [];
  let open: Span = { kind: 'queue', state: 'submitted', from: createdAt };
  const turn = (next: Span) => {
    if (next.from > open.from) spans.push({ ...open, to: next.from });
    open = next;
  };
  for (const { at, state, role, version } of moments) {
    if (role === 'user' && open.kind === 'wait') turn({ kind: 'queue', state: 'submitted', from: at });
    if (state === undefined || version === undefined) continue;
    if (isFinal(state)) {
      const ran = open.kind === 'queue' && (state === 'completed' || state === 'failed');
      spans.push({ ...open, ...(ran ? { kind: 'run', state: 'working' } : {}), to: at });
      return spans;
    }
    if (state !== open.state) turn({ kind: KINDS[state] ?? 'run', state, from: at });
  }
  return [...spans, open];
}

const KINDS: Partial<Record<TaskState, SpanKind>> = {
  submitted: 'queue',
  'input-required': 'wait',
  'auth-required': 'wait',
};

/** How long a task was at each, in milliseconds; what lasts counts up to `now`. */
export function spentOf(spans: readonly Span[], now: string): Record<SpanKind, number> {
  const spent = { queue: 0, run: 0, wait: 0 };
  for (const { kind, from, to = now } of spans) spent[kind] += Math.max(0, Date.parse(to) - Date.parse(from));
  return spent;
}
