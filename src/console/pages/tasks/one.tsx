import type { ComponentChildren } from 'preact';
import { useLoaded } from '../../api/load.ts';
import { type Timeline, timelineOf } from '../../api/tasks.ts';
import { href } from '../../app/router.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Found } from '../../ui/found.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state-badge.tsx';
import { Moment } from '../../ui/time.tsx';
import { useTaskEvents } from './live.ts';
import { Moments } from './moments.tsx';
import { Spent } from './spent.tsx';
import { TimelinePicture } from './timeline-picture.tsx';

const words = texts.tasks;

/** One task: its life as a picture and in words, as it goes on. */
export function OneTask({ id }: { id: string }) {
  const loaded = useLoaded((signal) => timelineOf(id, signal), [id]);
  useTaskEvents({
    missed: loaded.reload,
    changed: (tasks) => {
      if (tasks.some(({ task_id }) => task_id === id)) loaded.reload();
    },
  });
  return (
    <Found loaded={loaded} gone={words.gone} back={{ page: 'tasks', title: words.back }}>
      {(timeline) => <Shown timeline={timeline} />}
    </Found>
  );
}

function Shown({ timeline }: { timeline: Timeline }) {
  const { task, receipt_id, workflow } = timeline;
  return (
    <div class="page">
      <a href={href(['tasks'])}>← {words.back}</a>
      <PageHead title={words.one(task.task_id.slice(0, 8))}>
        {may('agents:read') && (
          <a class="button" href={href(['agents', task.agent_id], { tab: 'try', task: task.task_id })}>
            {words.open}
          </a>
        )}
        {receipt_id !== undefined && may('receipts:read') && (
          <a class="button" href={href(['receipts', receipt_id])}>
            {words.receipt}
          </a>
        )}
        {workflow?.url !== undefined && (
          <a class="button" href={workflow.url} target="_blank" rel="noreferrer">
            {words.temporal} ↗
          </a>
        )}
      </PageHead>
      <div class="row">
        <StateBadge state={task.status} />
        {task.message !== undefined && <span class="wrap-anywhere">{task.message}</span>}
      </div>
      <Panel title={words.timeline.title}>
        <TimelinePicture timeline={timeline} />
      </Panel>
      <div class="halves">
        <Panel title={words.spent.title}>
          <Spent spent={timeline.spent_ms} />
        </Panel>
        <Panel title={words.facts.title}>
          <Facts timeline={timeline} />
        </Panel>
      </div>
      <Panel title={words.moments.title}>
        <Moments timeline={timeline} />
      </Panel>
    </div>
  );
}

function Facts({ timeline: { task, workflow } }: { timeline: Timeline }) {
  const { agent_id, context_id } = task;
  const facts: [string, ComponentChildren][] = [
    [words.facts.agent, may('agents:read') ? <a href={href(['agents', agent_id])}>{agent_id}</a> : agent_id],
    [
      words.facts.context,
      <a key="to" href={href(['tasks'], { context_id })}>
        {context_id}
      </a>,
    ],
    [words.facts.caller, task.caller],
    [words.facts.created, <Moment key="at" at={task.created_at} />],
    [words.facts.changed, <Moment key="at" at={task.status_at} />],
    [words.facts.version, task.version],
  ];
  if (workflow !== undefined)
    facts.push([words.facts.workflow, <code key="id">{workflow.workflow_id}</code>]);
  if (workflow?.run_id !== undefined) facts.push([words.facts.run, <code key="id">{workflow.run_id}</code>]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div class="fact" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
