/** What one turn reads does not grow with the turns before it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { Task } from '../../src/tasks/task.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { agentMessage } from '../support/memory-engine.ts';
import { newTaskOf, projectionOf, userMessageOf } from '../support/tasks.ts';

const TURNS = 2_500;
let database: TestDatabase;
let db: PrismaClient;
let store: PrismaTaskStore;

beforeAll(async () => {
  database = await startTestDatabase();
  // One connection, whose own count of what it has read can be asked for.
  db = openDatabase({ url: database.url, poolSize: 1 });
  store = new PrismaTaskStore(db);
});

afterAll(async () => {
  await db.$disconnect();
  await database.stop();
});

async function begun(): Promise<Task> {
  const accepted = await store.accept(newTaskOf({ digest: null, agentCode: 'talk' }));
  if (accepted.outcome !== 'created') throw new Error(accepted.outcome);
  return accepted.task;
}

let sequence = 0;
const asks = (task: Task, applied: string[] = []): Promise<unknown> => {
  sequence += 1;
  const message = agentMessage('And?');
  const status = { state: 'input-required' as const, message };
  return store.project(projectionOf(task.id, { sequence, status, messages: [message], applied }));
};

async function turn(task: Task): Promise<void> {
  const key = { owner: task.owner, agentCode: task.agentCode, taskId: task.id };
  const found = await store.find(key, 0);
  const message = userMessageOf('next');
  const appended = await store.append(found ?? task, message, null);
  expect(appended.outcome).toBe('appended');
  await asks(task, [message.messageId]);
}

async function rowsRead(): Promise<number> {
  await db.$queryRaw`select pg_stat_force_next_flush()::text`;
  const [row] = await db.$queryRaw<{ rows: bigint }[]>`
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as rows
    from pg_stat_user_tables where relname like 'task%'`;
  return Number(row?.rows);
}

async function readIn(task: Task, turns: number): Promise<number> {
  const before = await rowsRead();
  for (let n = 0; n < turns; n++) await turn(task);
  return (await rowsRead()) - before;
}

test('a turn after thousands reads no more of the newest than one after a hundred', async () => {
  const task = await begun();
  await asks(task);
  await db.$executeRaw`
    insert into task_message (task_id, owner, agent_code, message_id, role, body, version)
    select ${task.id}::uuid, 'alice', 'talk', 's' || n, 'agent', '{"parts": []}', -n
    from generate_series(1, 200) n`;
  const short = await readIn(task, 20);
  await db.$executeRaw`
    insert into task_message (task_id, owner, agent_code, message_id, role, body, version)
    select ${task.id}::uuid, 'alice', 'talk', 'l' || n, 'agent', '{"parts": []}', -1000 - n
    from generate_series(1, ${TURNS * 2}::int) n`;
  await db.$executeRaw`analyze task_message`;
  const long = await readIn(task, 20);
  expect(long).toBeLessThan(short * 1.5);
});

test('the newest messages are given, at least as many as are asked for, and all when none are counted', async () => {
  const task = await begun();
  await asks(task);
  for (let n = 0; n < 60; n++) await turn(task);
  const key = { owner: task.owner, agentCode: task.agentCode, taskId: task.id };
  const all = (await store.find(key))?.history ?? [];
  expect(all).toHaveLength(122);
  for (const wanted of [0, 5, 110, 1_000]) {
    const some = (await store.find(key, wanted))?.history ?? [];
    expect(some.length).toBeGreaterThanOrEqual(Math.min(wanted, all.length));
    expect(some).toEqual(all.slice(all.length - some.length));
  }
  const list = { owner: 'alice', agentCode: 'talk', limit: 1 };
  expect((await store.list({ ...list, history: 3 })).tasks[0]?.history).toEqual(all.slice(-3));
  expect((await store.list({ ...list, history: 0 })).tasks[0]?.history).toEqual([]);
  expect((await store.list(list)).tasks[0]?.history).toEqual(all);
});

test('an artifact written with every turn is given as it was written last, in its first place', async () => {
  const task = await begun();
  const run = (n: number, ...ids: string[]) =>
    store.project(
      projectionOf(task.id, {
        runId: 'run-a',
        sequence: n,
        artifacts: ids.map((artifactId) => ({ artifactId, parts: [{ text: `${artifactId} ${n}` }] })),
      }),
    );
  await run(1, 'a', 'b');
  for (let n = 2; n < 50; n++) await run(n, 'b', 'c');
  const found = await store.find({ owner: task.owner, agentCode: task.agentCode, taskId: task.id });
  expect(found?.artifacts.map(({ parts }) => parts[0]?.text)).toEqual(['a 1', 'b 49', 'c 49']);
});
