import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import { Prisma, type PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaRepairStore } from '../../src/storage/repair-store.ts';
import { findTaskRow, type ReadFor } from '../../src/storage/task-queries.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { Task } from '../../src/tasks/task.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { agentMessage } from '../support/memory-engine.ts';
import { newTaskOf, projectionOf, userMessageOf } from '../support/tasks.ts';

let database: TestDatabase;
/** Another process's, which keeps what it read. */
let reader: PrismaTaskStore;
let store: PrismaTaskStore;
let repairs: PrismaRepairStore;

beforeAll(async () => {
  database = await startTestDatabase();
  reader = new PrismaTaskStore(database.prisma);
  store = new PrismaTaskStore(database.prisma);
  repairs = new PrismaRepairStore(database.prisma);
});

afterAll(() => database.stop());

async function accepted(): Promise<Task> {
  const result = await store.accept(newTaskOf());
  if (result.outcome !== 'created') throw new Error(`it was ${result.outcome}`);
  return result.task;
}

const keyOf = ({ id, owner, agentCode }: Task) => ({ taskId: id, owner, agentCode });

/** What a process that has never read the task reads. */
const asRecorded = (task: Task) => new PrismaTaskStore(database.prisma).find(keyOf(task));

const answer = userMessageOf('yes');

// In this order, on one task: whatever writes a task or a part of it.
const WRITES: [name: string, write: (task: Task) => Promise<unknown>][] = [
  [
    'a report with an artifact',
    ({ id }) =>
      store.project(projectionOf(id, { artifacts: [{ artifactId: 'a', parts: [{ text: 'one' }] }] })),
  ],
  [
    'a question',
    ({ id }) => {
      const message = agentMessage('Which?');
      const status = { state: 'input-required' as const, message };
      return store.project(projectionOf(id, { sequence: 2, status, messages: [message] }));
    },
  ],
  ['a follow-up', (task) => store.append(task, answer, 'digest')],
  ['a follow-up discarded', ({ id }) => store.discard(id, answer.messageId)],
  ['another follow-up', (task) => store.append(task, { ...answer, messageId: 'second' }, 'digest')],
  ['a follow-up acknowledged', ({ id }) => store.acknowledge(id, 'second')],
  ['a problem', ({ id }) => repairs.noteProblem(id, 'TypeMissing', agentMessage('It cannot go on'))],
  ['a third follow-up', (task) => appendWaiting(task)],
  ['a problem that is gone', ({ id }) => repairs.clearProblem(id)],
  ['a third follow-up refused', ({ id }) => store.discard(id, 'third')],
  ['an end', ({ id }) => repairs.correct(id, { state: 'failed', message: agentMessage('It timed out') })],
];

/** A problem is said while the task's question may still be open: the answer to it waits. */
async function appendWaiting(task: Task): Promise<void> {
  await repairs.correct(task.id, { state: 'input-required', message: agentMessage('Which?') });
  await store.append(task, { ...answer, messageId: 'third' }, 'digest');
}

test('whatever another process writes is in the next reading', async () => {
  const task = await accepted();
  let before = await reader.find(keyOf(task));
  for (const [name, write] of WRITES) {
    await write(task);
    const read = await reader.find(keyOf(task));
    expect(read, name).toEqual(await asRecorded(task));
    expect(read, name).not.toEqual(before);
    before = read;
  }
  expect(before?.status.state).toBe('failed');
});

test('what nobody wrote is read once, however its id is spelled', async () => {
  const task = await accepted();
  const first = await reader.find(keyOf(task));
  expect(await reader.find(keyOf(task))).toBe(first);
  expect(await reader.find({ ...keyOf(task), taskId: task.id.toUpperCase() })).toBe(first);
  await store.project(projectionOf(task.id, { status: { state: 'working' } }));
  const changed = await reader.find({ ...keyOf(task), taskId: task.id.toUpperCase() });
  expect(changed?.status.state).toBe('working');
});

test('a kept task is nobody else’s', async () => {
  const task = await accepted();
  await reader.find(keyOf(task));
  expect(await reader.find({ ...keyOf(task), owner: 'mallory' })).toBeUndefined();
  expect(await reader.find({ ...keyOf(task), agentCode: 'other' })).toBeUndefined();
});

const TABLES = ['task', 'task_artifact', 'task_message'];

/** Those that were read to find a task, as Postgres says that it ran the statement. */
async function tablesRead(task: Task, readFor: ReadFor): Promise<string[]> {
  let plan = '';
  const explaining = {
    $queryRaw: async (strings: TemplateStringsArray, ...values: unknown[]) => {
      const rows = await database.prisma.$queryRaw<Record<string, string>[]>`
        explain (analyze, timing off, costs off) ${Prisma.sql(strings, ...values)}`;
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return [];
    },
  };
  await findTaskRow(explaining as unknown as PrismaClient, task.id, readFor);
  const scans = plan.split('\n').filter((line) => !line.includes('never executed'));
  return TABLES.filter((table) => scans.some((line) => new RegExp(`Scan .*on ${table}\\b`).test(line)));
}

test('of a task of anybody else nothing is read but its row', async () => {
  const task = await accepted();
  const { owner, agentCode } = task;
  expect(await tablesRead(task, { owner, agentCode })).toEqual(TABLES);
  expect(await tablesRead(task, { owner: 'the admin', anyOwner: true })).toEqual(TABLES);
  expect(await tablesRead(task, { owner: 'mallory' })).toEqual(['task']);
  expect(await tablesRead(task, { owner, agentCode: 'other' })).toEqual(['task']);
});

test('and a task that is kept is asked for anew, as one that never was', async () => {
  const task = await accepted();
  await reader.find(keyOf(task));
  const asked: number[] = [];
  const counting = new Proxy(database.prisma, {
    get: (db, name) =>
      name !== '$queryRaw'
        ? Reflect.get(db, name)
        : async (...sql: Parameters<PrismaClient['$queryRaw']>) => {
            const rows = (await db.$queryRaw(...sql)) as unknown[];
            asked.push(rows.length);
            return rows;
          },
  });
  const keeping = new PrismaTaskStore(counting);
  await keeping.find(keyOf(task));
  for (const taskId of [task.id, randomUUID()]) {
    asked.length = 0;
    expect(await keeping.find({ ...keyOf(task), taskId, owner: 'mallory' })).toBeUndefined();
    expect(asked, taskId).toEqual([0, 0]);
  }
  expect(await keeping.find({ taskId: task.id, owner: 'the admin', anyOwner: true })).toMatchObject({
    owner: task.owner,
  });
});

test('a task that is gone is not found', async () => {
  const task = await accepted();
  await reader.find(keyOf(task));
  await database.prisma.task.delete({ where: { id: task.id } });
  expect(await reader.find(keyOf(task))).toBeUndefined();
});

test('many at once learn each of its own task', async () => {
  const tasks = await Promise.all(Array.from({ length: 50 }, accepted));
  await Promise.all(tasks.map((task) => reader.find(keyOf(task))));
  const odd = (index: number) => index % 2 === 1;
  await Promise.all(
    tasks.map(
      ({ id }, index) => odd(index) && store.project(projectionOf(id, { status: { state: 'working' } })),
    ),
  );
  const read = await Promise.all(tasks.map((task) => reader.find(keyOf(task))));
  expect(read.map((task) => task?.id)).toEqual(tasks.map(({ id }) => id));
  expect(read.map((task) => task?.status.state)).toEqual(
    tasks.map((_, index) => (odd(index) ? 'working' : 'submitted')),
  );
});

test('who asks while the database does not answer waits for one deadline, not for two', async () => {
  const task = await accepted();
  const blocker = openDatabase({ url: database.url });
  try {
    await reader.find(keyOf(task));
    await blocker.$transaction(
      async (tx) => {
        await tx.$executeRaw`lock table task in access exclusive mode`;
        const first = reader.find(keyOf(task));
        const second = reader.find(keyOf(task)).then(
          () => 'answered',
          () => 'refused',
        );
        await expect(first).rejects.toMatchObject({ code: 'unavailable' });
        expect(await second).toBe('refused');
      },
      { timeout: 20_000 },
    );
    expect(await reader.find(keyOf(task))).toMatchObject({ id: task.id });
  } finally {
    await blocker.$disconnect();
  }
}, 30_000);
