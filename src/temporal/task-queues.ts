import type { Client } from '@temporalio/client';
import type { AgentDefinition } from '../agents/definition.ts';
import { DEFAULT_TASK_QUEUE, SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';

/** What of a task queue is looked at: on a queue of the host's own, hosts take workflow tasks and workers activities. */
export interface Watched {
  taskQueue: string;
  kind: 'workflow' | 'activity';
}

/** A task queue as Temporal sees it. */
export interface QueueState extends Watched {
  /** Workers that have polled it within the last minute and a half. */
  pollers: number;
  /** For how long the first task in it has waited for a worker, in seconds. */
  backlogSeconds: number;
}

/** A poll lasts a minute; who has begun none for longer than that is gone, or stands still. */
const POLLED_WITHIN_MS = 90_000;
const DEADLINE_MS = 2_000;
/** Of a host with more agents than that, each with a queue of its own and an open task, the rest is not looked at. */
const MOST = 100;

// Temporal's TaskQueueType.
const TYPES = { workflow: 1, activity: 2 } as const;

/** What is to be polled: the host's own queues always, another worker's while a task of its agent is open. */
export function watchedQueues(agents: readonly AgentDefinition[], open: ReadonlySet<string>): Watched[] {
  const own = agents.flatMap((agent) => ownQueueOf(agent) ?? []);
  const theirs = agents.filter(({ code }) => open.has(code)).flatMap((agent) => theirQueueOf(agent) ?? []);
  return [
    { taskQueue: SYSTEM_TASK_QUEUE, kind: 'workflow' } as const,
    ...[...new Set(own)].map((taskQueue) => ({ taskQueue, kind: 'activity' }) as const),
    ...[...new Set(theirs)].map((taskQueue) => ({ taskQueue, kind: 'workflow' }) as const),
  ].slice(0, MOST);
}

/** All that is to be polled for an agent's tasks to go on. */
export const queuesOf = (agent: AgentDefinition): string[] => [
  SYSTEM_TASK_QUEUE,
  ...[ownQueueOf(agent), theirQueueOf(agent)].filter((queue) => queue !== undefined),
];

/** Where the host's workers run the agent's workflow, or what stands before it. */
const ownQueueOf = ({ cooperating, taskQueue = DEFAULT_TASK_QUEUE }: AgentDefinition): string | undefined =>
  cooperating === undefined ? taskQueue : undefined;

/** The queue that another worker than the host's is to poll. */
const theirQueueOf = ({ plain, cooperating }: AgentDefinition): string | undefined =>
  (plain ?? cooperating)?.taskQueue;

/** @throws what Temporal or the way to it says. */
export function lookAt(client: Client, queues: readonly Watched[]): Promise<QueueState[]> {
  return client.connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    Promise.all(queues.map((queue) => describe(client, queue))),
  );
}

async function describe(client: Client, { taskQueue, kind }: Watched): Promise<QueueState> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TYPES[kind],
    reportStats: true,
  });
  const since = Date.now() - POLLED_WITHIN_MS;
  const polling = (pollers ?? []).filter(
    ({ lastAccessTime: at }) => Number(at?.seconds ?? 0) * 1_000 > since,
  );
  const age = stats?.approximateBacklogAge;
  const backlogSeconds = Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9;
  return { taskQueue, kind, pollers: polling.length, backlogSeconds };
}
