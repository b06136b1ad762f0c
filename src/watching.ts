import { Gauge, type Registry } from 'prom-client';
import type { AgentCatalog } from './agents/catalog.ts';
import { lookOnce } from './metrics.ts';
import { readBacklog } from './storage/backlog.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import type { TemporalHost } from './temporal/engine-host.ts';
import { lookAt, type QueueState, queuesOf, watchedQueues } from './temporal/task-queues.ts';

/** A task queue that nobody polls, and the agents whose open tasks wait for that. */
export interface StuckQueue {
  queue: string;
  agents: string[];
  problem: string;
}

export interface WatchingParts {
  db: PrismaClient;
  temporal: TemporalHost;
  catalog: AgentCatalog;
  metrics: { registry: Registry };
}

/** All who ask within that time are told of one look. */
const KEEP_MS = 5_000;

interface Look {
  queues: QueueState[];
  /** The agents that have work to be done, by their codes. */
  busy: ReadonlySet<string>;
}

/**
 * Adds to the metrics which task queues are polled, as Temporal sees it: a worker that has died or stands still says
 * nothing of itself.
 * @returns tells the queues that nobody polls and that work waits for, none while Temporal or the record is away.
 */
export function watchQueues(parts: WatchingParts): () => Promise<StuckQueue[]> {
  const look = lookOnce(() => lookNow(parts), KEEP_MS);
  showQueues(parts.metrics.registry, look);
  return async () => {
    const { queues, busy } = (await look()) ?? { queues: [], busy: new Set<string>() };
    const agents = parts.catalog.all().map(({ definition }) => definition);
    return queues
      .filter(({ pollers }) => pollers === 0)
      .flatMap(({ taskQueue, kind }) => {
        const waiting = agents.filter(
          (agent) => busy.has(agent.code) && queuesOf(agent).some((each) => each === taskQueue),
        );
        if (waiting.length === 0) return [];
        const problem = `no worker polls the task queue ${taskQueue} for ${kind === 'workflow' ? 'workflows' : 'activities'}`;
        return [{ queue: taskQueue, agents: waiting.map(({ code }) => code), problem }];
      });
  };
}

function showQueues(registry: Registry, look: () => Promise<Look | undefined>): void {
  const gauge = (name: string, help: string, value: (queue: QueueState) => number) =>
    new Gauge({
      name: `agent_host_task_queue_${name}`,
      help,
      labelNames: ['task_queue', 'kind'],
      registers: [registry],
      async collect() {
        const found = await look();
        this.reset();
        for (const queue of found?.queues ?? []) {
          this.set({ task_queue: queue.taskQueue, kind: queue.kind }, value(queue));
        }
      },
    });
  gauge('pollers', 'Workers that poll the task queue', ({ pollers }) => pollers);
  gauge(
    'backlog_seconds',
    'For how long the first task in the task queue has waited for a worker',
    ({ backlogSeconds }) => backlogSeconds,
  );
}

async function lookNow({ db, temporal, catalog }: WatchingParts): Promise<Look> {
  const { tasks } = await readBacklog(db);
  const open = new Set(tasks.map(({ agent }) => agent));
  const busy = new Set(tasks.filter(({ state }) => WORK.has(state)).map(({ agent }) => agent));
  const agents = catalog.all().map(({ definition }) => definition);
  return { queues: await lookAt(temporal.client, watchedQueues(agents, open)), busy };
}

/** States of tasks that wait for a worker and for nobody else. */
const WORK: ReadonlySet<string> = new Set(['submitted', 'working']);
