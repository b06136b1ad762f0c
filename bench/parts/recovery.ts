import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Product, startProduct } from '../../test/support/product.ts';
import { agentUrl, call, userMessage } from '../../test/support/rpc.ts';
import { type Row, row } from '../report.ts';
import { onServers, type Servers } from '../setting.ts';
import { waitingTasks } from './follow-up.ts';
import { lastTick, newTicker, startTicking } from './tickers.ts';

const RUNNING = 5;
const GIVE_UP_MS = 30_000;
const MOVES = { of: 'ours', atMost: 5 } as const;
const ANSWERS = { of: 'ours', atMost: 3 } as const;

/** After kill -9, from the moment that what was killed is back and ready. */
export async function recovery(servers: Servers): Promise<Row[]> {
  return [...(await oneProcess(servers)), ...(await workerBesideHost(servers))];
}

/** Everything in one process: nobody else could have gone on with its workflows. */
async function oneProcess(servers: Servers): Promise<Row[]> {
  const env = onServers(servers);
  const killed = await startProduct(env);
  const tasks = await begin(killed.url);
  await killed.end('SIGKILL');
  const back = await startProduct(env);
  try {
    return await observe('host and worker in one', { base: back.url, tasks });
  } finally {
    await back.end('SIGTERM');
  }
}

/** The host stays, and goes on with what needs no activity. */
async function workerBesideHost(servers: Servers): Promise<Row[]> {
  const env = onServers(servers);
  const host = await startProduct({ ...env, ROLE: 'host' });
  const worker = await startProduct({ ...env, ROLE: 'worker' });
  let back: Product | undefined;
  try {
    const tasks = await begin(host.url);
    await worker.end('SIGKILL');
    back = await startProduct({ ...env, ROLE: 'worker' });
    return await observe('worker beside a host', { base: host.url, tasks });
  } finally {
    await back?.end('SIGTERM');
    await host.end('SIGTERM');
  }
}

interface Tasks {
  timers: string[];
  activities: string[];
  waiting: string;
  since: number;
}

async function begin(base: string): Promise<Tasks> {
  const tickers = (by: 'timer' | 'activity') =>
    Promise.all(
      Array.from({ length: RUNNING }, async () => {
        const id = await newTicker(base, { times: 120, everyMs: 500, by });
        await startTicking(base, id);
        return id;
      }),
    );
  const [timers, activities, [waiting = '']] = await Promise.all([
    tickers('timer'),
    tickers('activity'),
    waitingTasks(base, 1),
  ]);
  await Promise.all([...timers, ...activities].map((id) => movedAfter(base, id, 0)));
  await delay(700);
  return { timers, activities, waiting, since: Date.now() };
}

async function observe(how: string, { base, tasks }: { base: string; tasks: Tasks }): Promise<Row[]> {
  const ready = Date.now();
  const slowest = async (ids: string[]) => {
    const moved = await Promise.all(ids.map((id) => movedAfter(base, id, tasks.since)));
    return Math.max(0, ...moved.map((at) => at - ready)) / 1_000;
  };
  const [answer, timers, activities] = await Promise.all([
    answered(base, tasks.waiting),
    slowest(tasks.timers),
    slowest(tasks.activities),
  ]);
  return [
    row(`kill -9, ${how}: a waiting workflow answers`, 's', answer, { target: ANSWERS }),
    row(`kill -9, ${how}: the last of ${RUNNING} on timers moves`, 's', timers, { target: MOVES }),
    row(`kill -9, ${how}: the last of ${RUNNING} in an activity moves`, 's', activities, { target: MOVES }),
  ];
}

/** When the task first changed after the given moment. */
async function movedAfter(base: string, id: string, since: number): Promise<number> {
  const deadline = Date.now() + GIVE_UP_MS;
  for (;;) {
    const tick = await lastTick(base, id);
    if (tick !== undefined && tick.at > since) return tick.at;
    if (Date.now() > deadline) return deadline;
    await delay(50);
  }
}

async function answered(base: string, taskId: string): Promise<number> {
  const begin = performance.now();
  const message = userMessage('And?', { taskId });
  await call(agentUrl(base, 'bench-ask'), 'SendMessage', { message }, { version: '1.0' });
  return (performance.now() - begin) / 1_000;
}
