import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { AgentCatalog } from '../src/agents/catalog.ts';
import { watchedQueues } from '../src/temporal/task-queues.ts';
import { type WatchingParts, watchQueues } from '../src/watching.ts';
import { agentOf } from './support/agents.ts';

const { workflow: _, ...card } = agentOf('orders');
const orders = { ...card, plain: { workflowType: 'Order', taskQueue: 'company' } };
const echo = agentOf('echo');
const other = agentOf('other', { taskQueue: 'elsewhere' });

it('the host’s own queues are watched always, another worker’s while a task of its agent is open', () => {
  const own = [
    { taskQueue: 'agent-host', kind: 'workflow' },
    { taskQueue: 'agents', kind: 'activity' },
    { taskQueue: 'elsewhere', kind: 'activity' },
  ];
  expect(watchedQueues([echo, orders, other], new Set(['echo']))).toEqual(own);
  expect(watchedQueues([echo, orders, other], new Set(['orders']))).toEqual([
    ...own,
    { taskQueue: 'company', kind: 'workflow' },
  ]);
});

/** Temporal with these polls, by queue: so many seconds ago each. */
function watching(polls: Record<string, number[]>, tasks: { agent: string; state: string }[]) {
  const registry = new Registry();
  const describeTaskQueue = async ({ taskQueue }: { taskQueue: { name: string } }) => ({
    pollers: (polls[taskQueue.name] ?? []).map((ago) => ({
      lastAccessTime: { seconds: Math.floor(Date.now() / 1_000) - ago },
    })),
    stats: { approximateBacklogAge: { seconds: 7, nanos: 500_000_000 } },
  });
  const rows = [tasks.map((task) => ({ ...task, count: 1, oldestAt: 0 })), []];
  const parts = {
    db: { $queryRaw: async () => rows.shift() },
    temporal: {
      client: {
        options: { namespace: 'default' },
        connection: { withDeadline: (_at: number, work: () => unknown) => work() },
        workflowService: { describeTaskQueue },
      },
    },
    catalog: new AgentCatalog([echo, orders]),
    metrics: { registry },
  };
  return { registry, stuck: watchQueues(parts as unknown as WatchingParts) };
}

it('a queue whose workers have not polled for longer than a poll lasts is not polled', async () => {
  const polls = { 'agent-host': [20], agents: [200], company: [] };
  const { registry, stuck } = watching(polls, [{ agent: 'orders', state: 'working' }]);
  expect(await stuck()).toEqual([
    { queue: 'agents', agents: ['orders'], problem: 'no worker polls the task queue agents for activities' },
    { queue: 'company', agents: ['orders'], problem: 'no worker polls the task queue company for workflows' },
  ]);
  const scrape = await registry.metrics();
  expect(scrape).toContain('agent_host_task_queue_pollers{task_queue="agent-host",kind="workflow"} 1\n');
  expect(scrape).toContain('agent_host_task_queue_pollers{task_queue="agents",kind="activity"} 0\n');
  expect(scrape).toContain(
    'agent_host_task_queue_backlog_seconds{task_queue="company",kind="workflow"} 7.5\n',
  );
});

it('what nobody waits for is not stuck, and a task that waits for its caller waits for no worker', async () => {
  const { stuck } = watching({}, [{ agent: 'orders', state: 'input-required' }]);
  expect(await stuck()).toEqual([]);
});
