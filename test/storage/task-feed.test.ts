import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresTaskFeed } from '../../src/storage/task-feed.ts';
import type { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { Task, TaskChange } from '../../src/tasks/task.ts';
import {
  newTaskOf,
  projectionOf,
  silentLog,
  startTaskGround,
  type TaskGround,
  userMessageOf,
} from '../support/tasks.ts';
import { until } from '../support/until.ts';

let ground: TaskGround;
let store: PrismaTaskStore;
let feed: PostgresTaskFeed;

beforeAll(async () => {
  ground = await startTaskGround();
  ({ store, feed } = ground);
});

afterAll(() => ground.stop());

async function accepted(): Promise<Task> {
  const result = await store.accept(newTaskOf({ message: userMessageOf('x') }));
  if (result.outcome !== 'created') throw new Error(`it was ${result.outcome}`);
  return result.task;
}

/** Writes changes `from` to `to` of a task, numbered as one run numbers them. */
async function write({ id }: Task, from: number, to: number): Promise<void> {
  for (let sequence = from; sequence <= to; sequence++) {
    await store.project(projectionOf(id, { sequence, status: { state: 'working' } }));
  }
}

const upTo = (version: number, from = 1): number[] =>
  Array.from({ length: version - from + 1 }, (_, index) => from + index);

/** Reads until the version is seen; gives the versions in the order they came. */
async function readTo(
  last: number,
  { task, after = 0, on = feed, signal = new AbortController().signal }: ReadOptions,
): Promise<number[]> {
  const subscription = await on.subscribe(task.id, signal);
  const seen: number[] = [];
  for await (const { version } of subscription.after(after)) {
    seen.push(version);
    if (version >= last) break;
  }
  return seen;
}

interface ReadOptions {
  task: Task;
  after?: number;
  on?: PostgresTaskFeed;
  signal?: AbortSignal;
}

const watchers = (count: number, of = feed) =>
  until(`${count} watchers`, () => (of.subscriptions === count ? true : undefined));

test('fifty watchers of one task each see every change in order, and leave nothing behind', async () => {
  const task = await accepted();
  const readers = Array.from({ length: 50 }, () => readTo(40, { task }));
  await watchers(50);
  await write(task, 1, 40);
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(upTo(40));
  expect(feed.subscriptions).toBe(0);
});

test('a watcher starts after any version, before, at and behind the newest', async () => {
  const task = await accepted();
  await write(task, 1, 10);
  const readers = [0, 1, 5, 9, 10].map((after) => readTo(15, { task, after }));
  await watchers(5);
  await write(task, 11, 15);
  expect(await Promise.all(readers)).toEqual([0, 1, 5, 9, 10].map((after) => upTo(15, after + 1)));
});

test('what is written between subscribing and starting is not missed', async () => {
  const task = await accepted();
  const subscription = await feed.subscribe(task.id, AbortSignal.timeout(10_000));
  await write(task, 1, 3);
  const seen: number[] = [];
  for await (const { version } of subscription.after(0)) {
    seen.push(version);
    if (version === 3) break;
  }
  expect(seen).toEqual([1, 2, 3]);
});

test('a change carries what it brought, and nothing of the others', async () => {
  const task = await accepted();
  const message = { messageId: 'm', role: 'agent' as const, parts: [{ text: 'Which?' }] };
  const artifact = { artifactId: 'a', parts: [{ data: { z: 1, a: 2 } }] };
  await store.project(
    projectionOf(task.id, { status: { state: 'input-required', message }, messages: [message] }),
  );
  await store.project(projectionOf(task.id, { sequence: 2, artifacts: [artifact] }));
  const subscription = await feed.subscribe(task.id, AbortSignal.timeout(10_000));
  const seen: TaskChange[] = [];
  for await (const change of subscription.after(0)) {
    seen.push(change);
    if (change.version === 2) break;
  }
  const [first, second] = seen;
  expect(first).toEqual({
    taskId: task.id,
    version: 1,
    status: { state: 'input-required', message, at: first?.at },
    at: first?.at,
    artifacts: [],
    messages: [message],
  });
  expect(second).toEqual({
    taskId: task.id,
    version: 2,
    at: second?.at,
    artifacts: [artifact],
    messages: [],
  });
});

test('watchers of many tasks see their own changes only', async () => {
  const tasks = await Promise.all(Array.from({ length: 20 }, accepted));
  const readers = tasks.map((task) => readTo(5, { task }));
  await watchers(20);
  await Promise.all(tasks.map((task) => write(task, 1, 5)));
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(upTo(5));
});

test('another process’s feed sees what this process writes', async () => {
  const there = new PostgresTaskFeed({
    db: ground.database.prisma,
    url: ground.database.url,
    log: silentLog,
  });
  await there.open();
  const task = await accepted();
  const reader = readTo(5, { task, on: there });
  await watchers(1, there);
  await write(task, 1, 5);
  expect(await reader).toEqual(upTo(5));
  await there.close();
});

/** Ends the connections that listen, as a failing network or database would. */
const cutListeners = () =>
  ground.database.prisma.$queryRaw<{ ended: boolean }[]>`
    select pg_terminate_backend(pid) as ended from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query in ('listen task_change', 'select 1')`;

test('a connection cut while changes are written loses none', async () => {
  const task = await accepted();
  const readers = Array.from({ length: 10 }, () => readTo(60, { task }));
  await watchers(10);
  await write(task, 1, 10);
  expect(await cutListeners()).toEqual([{ ended: true }]);
  // Nobody listens now: these notifications are lost.
  await write(task, 11, 60);
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(upTo(60));
});

test('a connection cut again and again is opened again and again', async () => {
  const task = await accepted();
  const reader = readTo(30, { task });
  await watchers(1);
  for (let round = 0; round < 3; round++) {
    await until('it listens', async () => ((await cutListeners()).length === 1 ? true : undefined));
    await write(task, round * 10 + 1, round * 10 + 10);
  }
  expect(await reader).toEqual(upTo(30));
});

test('a feed closed while it connects again leaves no connection', async () => {
  const there = new PostgresTaskFeed({
    db: ground.database.prisma,
    url: ground.database.url,
    log: silentLog,
  });
  await there.open();
  const listening = async () => {
    const [row] = await ground.database.prisma.$queryRaw<{ count: bigint }[]>`
      select count(*) from pg_stat_activity
      where datname = current_database() and query in ('listen task_change', 'select 1')`;
    return Number(row?.count);
  };
  expect(await listening()).toBe(2);
  await cutListeners();
  await until('both are cut', async () => ((await listening()) === 0 ? true : undefined));
  // It is about to connect, or connecting, at any of these moments.
  await there.close();
  await until('the other listens', async () => ((await listening()) === 1 ? true : undefined));
});

test('a reader that does not read is cut and told so; the others see everything', async () => {
  const task = await accepted();
  const slow = (await feed.subscribe(task.id, new AbortController().signal)).after(0)[Symbol.asyncIterator]();
  const reader = readTo(1_100, { task });
  await watchers(2);
  const first = slow.next();
  // A thousand rows and more at once: what a busy task writes while nobody reads.
  await write(task, 1, 1);
  await first;
  await ground.database.prisma.$executeRaw`
    insert into task_change (task_id, version, state)
    select ${task.id}::uuid, version, 'working' from generate_series(2, 1099) version`;
  await ground.database.prisma.$executeRaw`
    update task set version = 1099, sequence = 1099 where id = ${task.id}::uuid`;
  await write(task, 1_100, 1_100);
  expect(await reader).toEqual(upTo(1_100));
  await expect(
    (async () => {
      for (;;) if ((await slow.next()).done) return;
    })(),
  ).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(feed.subscriptions).toBe(0);
});

test('an abort ends a waiting watcher at once and leaves none', async () => {
  const task = await accepted();
  const controllers = Array.from({ length: 20 }, () => new AbortController());
  const readers = controllers.map(({ signal }) => readTo(1, { task, signal }));
  await watchers(20);
  for (const controller of controllers) controller.abort();
  expect(feed.subscriptions).toBe(0);
  expect(await Promise.all(readers)).toEqual(controllers.map(() => []));
});

test('an abort before the watcher has started, or before it subscribed, leaves none either', async () => {
  const task = await accepted();
  await write(task, 1, 2);
  const controller = new AbortController();
  const subscription = await feed.subscribe(task.id, controller.signal);
  controller.abort();
  expect(feed.subscriptions).toBe(0);
  const changes = subscription.after(0)[Symbol.asyncIterator]();
  expect((await changes.next()).done).toBe(true);
  expect(await readTo(1, { task, signal: AbortSignal.abort() })).toEqual([]);
  expect(feed.subscriptions).toBe(0);
});

test('a reader that stops on its own leaves none', async () => {
  const task = await accepted();
  await write(task, 1, 3);
  expect(await readTo(2, { task })).toEqual([1, 2]);
  expect(feed.subscriptions).toBe(0);
});

test('who may not wait is told nothing, and of the task as it stands', async () => {
  const full = new PostgresTaskFeed({
    db: ground.database.prisma,
    url: ground.database.url,
    waits: () => false,
    log: silentLog,
  });
  const task = await accepted();
  await write(task, 1, 1);
  expect(await readTo(1, { task, on: full })).toEqual([]);
  expect(full.subscriptions).toBe(0);
});

test('a closed feed ends its watchers cleanly and takes no more', async () => {
  const there = new PostgresTaskFeed({
    db: ground.database.prisma,
    url: ground.database.url,
    log: silentLog,
  });
  await there.open();
  const task = await accepted();
  const reader = readTo(1, { task, on: there });
  await watchers(1, there);
  await there.close();
  expect(await reader).toEqual([]);
  await expect(there.subscribe(task.id, new AbortController().signal)).rejects.toThrow(
    expect.objectContaining({ code: 'unavailable' }),
  );
});
