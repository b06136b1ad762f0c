import { ask, request, unanswered } from './http.ts';
import { persist } from './persist.ts';

export const STATES = [
  'submitted',
  'working',
  'input-required',
  'auth-required',
  'completed',
  'failed',
  'canceled',
  'rejected',
] as const;

type State = (typeof STATES)[number];

/** A task in a line. */
export interface TaskLine {
  task_id: string;
  agent_id: string;
  context_id: string;
  caller: string;
  status: State;
  message?: string;
  version: number;
  created_at: string;
  status_at: string;
}

export interface TaskFilters {
  agent_id: string;
  status: string;
  context_id: string;
  caller: string;
}

export interface TaskPage {
  tasks: TaskLine[];
  total?: number;
  next_cursor: string | null;
}

export type SpanKind = 'queue' | 'run' | 'wait';

export interface Span {
  kind: SpanKind;
  status: State;
  from: string;
  to?: string;
}

export interface Moment {
  at: string;
  version?: number;
  status?: State;
  role?: 'user' | 'agent';
  text?: string;
}

export interface Timeline {
  task: TaskLine;
  read_at: string;
  spans: Span[];
  spent_ms: Record<SpanKind, number>;
  moments: Moment[];
  receipt_id?: string;
  workflow?: { workflow_id: string; run_id?: string; url?: string };
}

/** As many as the host gives at once. */
const PAGE = '500';

export function listTasks(
  filters: TaskFilters,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<TaskPage> {
  const given = Object.entries(filters).filter(([, value]) => value !== '');
  const query = new URLSearchParams({ ...Object.fromEntries(given), limit: PAGE, ...(cursor && { cursor }) });
  return request(`v1/tasks?${query}`, { signal });
}

export const timelineOf = (taskId: string, signal: AbortSignal): Promise<Timeline> =>
  request(`v1/tasks/${encodeURIComponent(taskId)}/timeline`, { signal });

interface TasksEvent {
  tasks: TaskLine[];
  missed: boolean;
}

interface Watching {
  event(event: TasksEvent): void;
  /** Whether changes are coming. */
  live(live: boolean): void;
}

/** Hears of changed tasks until `signal` aborts, whatever becomes of the connection. @throws what does not pass. */
export const watchTasks = ({ event, live }: Watching, signal: AbortSignal): Promise<void> =>
  persist(
    async (connected) => {
      const answer = await ask('v1/tasks/events', { signal });
      connected();
      for await (const data of eventsOf(answer)) event(JSON.parse(data) as TasksEvent);
      return false;
    },
    { signal, onConnection: (lost) => live(lost === undefined) },
  );

/** The data of server-sent events, which here is one line each. */
export async function* eventsOf(answer: Response): AsyncGenerator<string, void, undefined> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const chunk = await reader?.read().catch((error: unknown) => {
      throw unanswered(error);
    });
    if (chunk === undefined || chunk.done) return;
    const blocks = (rest + chunk.value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) if (block.startsWith('data: ')) yield block.slice('data: '.length);
  }
}
