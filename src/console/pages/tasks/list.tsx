import { useState } from 'preact/hooks';
import { usePages } from '../../api/pages.ts';
import { listTasks, STATES, type TaskFilters, type TaskLine } from '../../api/tasks.ts';
import { navigate, route, setQuery } from '../../app/router.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { Choice, Filters, Word } from '../../ui/filters.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { StateBadge } from '../../ui/state-badge.tsx';
import type { Column } from '../../ui/table.tsx';
import { Moment } from '../../ui/time.tsx';
import { merged, useTaskEvents } from './live.ts';

const words = texts.tasks;

const COLUMNS: Column<TaskLine>[] = [
  { id: 'agent', title: words.columns.agent, width: 'minmax(150px, 1fr)', cell: (row) => row.agent_id },
  {
    id: 'status',
    title: words.columns.status,
    width: '168px',
    cell: (row) => <StateBadge state={row.status} />,
  },
  {
    id: 'message',
    title: words.columns.message,
    width: 'minmax(140px, 2fr)',
    cell: (row) => <span title={row.message}>{row.message}</span>,
  },
  {
    id: 'created',
    title: words.columns.created,
    width: '168px',
    cell: (row) => <Moment at={row.created_at} />,
  },
  { id: 'caller', title: words.columns.caller, width: 'minmax(80px, 0.8fr)', cell: (row) => row.caller },
  { id: 'age', title: words.columns.age, width: '168px', cell: (row) => <Moment at={row.status_at} /> },
  {
    id: 'id',
    title: words.columns.id,
    width: '100px',
    cell: (row) => <code>{row.task_id.slice(0, 8)}</code>,
  },
];

const NAMES = ['agent_id', 'status', 'context_id', 'caller'] as const;

export function TaskList() {
  const { query } = route.value;
  const filters = Object.fromEntries(
    NAMES.map((name) => [name, query.get(name) ?? '']),
  ) as unknown as TaskFilters;
  const [total, setTotal] = useState<number>();
  const list = usePages<TaskLine>(
    async (cursor, signal) => {
      const page = await listTasks(filters, cursor, signal);
      if (page.total !== undefined) setTotal(page.total);
      return { rows: page.tasks, next: page.next_cursor };
    },
    NAMES.map((name) => filters[name]),
  );
  const live = useTaskEvents({
    missed: list.reload,
    changed: (tasks) =>
      list.change((rows) => {
        const now = merged(rows, tasks, filters);
        if (now.length !== rows.length) setTotal((before = 0) => before + now.length - rows.length);
        return now;
      }),
  });
  const set = (name: keyof TaskFilters) => (value: string) => setQuery({ [name]: value });
  return (
    <div class="page">
      <PageHead title={words.title} about={words.about}>
        {total !== undefined && <span class="quiet number">{words.count(total)}</span>}
        <Badge tone={live ? 'ok' : 'idle'} dot title={words.liveHint}>
          {live ? words.live : words.notLive}
        </Badge>
      </PageHead>
      <Filters label={words.filters.label}>
        <Word label={words.filters.agent} value={filters.agent_id} onChange={set('agent_id')} />
        <Choice
          label={words.filters.status}
          any={words.filters.any}
          value={filters.status}
          options={STATES.map((state) => [state, texts.states[state] ?? state] as const)}
          onChange={set('status')}
        />
        <Word label={words.filters.context} value={filters.context_id} onChange={set('context_id')} />
        {may('admin') && (
          <Word label={words.filters.caller} value={filters.caller} onChange={set('caller')} />
        )}
      </Filters>
      <ListTable
        list={list}
        label={words.list}
        columns={COLUMNS}
        keyOf={(row) => row.task_id}
        onOpen={(row) => navigate(['tasks', row.task_id])}
        none={words.none}
      >
        <p>{words.noneHint}</p>
      </ListTable>
    </div>
  );
}
