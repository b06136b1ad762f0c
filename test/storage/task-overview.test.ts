/** Lists of tasks across agents, one task's life, and what happened over time, on a real Postgres. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PrismaStatistics } from '../../src/storage/statistics.ts';
import { PrismaTaskOverview } from '../../src/storage/task-overview.ts';
import { TaskOverview } from '../../src/tasks/overview.ts';
import type { TaskState } from '../../src/tasks/task.ts';
import { receiptGround } from '../support/receipts.ts';
import {
  newTaskOf,
  projectionOf,
  startTaskGround,
  type TaskGround,
  userMessageOf,
} from '../support/tasks.ts';

let ground: TaskGround;
let overview: TaskOverview;
const everybody = { without: [] };

beforeAll(async () => {
  ground = await startTaskGround();
  overview = new TaskOverview({ store: new PrismaTaskOverview(ground.database.prisma), news: ground.feed });
}, 60_000);
afterAll(() => ground?.stop());
beforeEach(() => ground.database.prisma.task.deleteMany());

async function accepted(given: Parameters<typeof newTaskOf>[0] = {}): Promise<string> {
  const result = await ground.store.accept(newTaskOf({ digest: null, ...given }));
  return result.outcome === 'created' ? result.task.id : '';
}

const agentSays = (text: string) => ({ messageId: randomUUID(), role: 'agent' as const, parts: [{ text }] });
const report = (taskId: string, sequence: number, state: TaskState, text?: string) =>
  ground.store.project(
    projectionOf(taskId, { sequence, status: { state, ...(text && { message: agentSays(text) }) } }),
  );

test('a list goes by pages, newest first, and holds what its reader may see', async () => {
  const ids: string[] = [];
  for (const [owner, agentCode] of [
    ['alice', 'echo'],
    ['alice', 'secret'],
    ['bob', 'echo'],
    ['alice', 'echo'],
  ] as const)
    ids.push(await accepted({ owner, agentCode }));
  await report(String(ids[3]), 1, 'working', 'on it');
  const first = await overview.list({ ...everybody, limit: 3 });
  expect(first.lines.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[1]]);
  expect(first).toMatchObject({ total: 4, lines: [{ state: 'working', text: 'on it', version: 1 }, {}, {}] });
  const rest = await overview.list({ ...everybody, limit: 3, ...(first.next && { cursor: first.next }) });
  expect(rest.lines.map(({ id }) => id)).toEqual([ids[0]]);
  expect(rest.next).toBeUndefined();
  const hers = await overview.list({ owner: 'alice', without: ['secret'], limit: 10 });
  expect(hers.lines.map(({ id }) => id)).toEqual([ids[3], ids[0]]);
  const submitted = await overview.list({ ...everybody, state: 'submitted', agentCode: 'echo', limit: 10 });
  expect(submitted.lines.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
});

test('a task’s life: its turns, what was said, and where its time went', async () => {
  const id = await accepted();
  await report(id, 1, 'working', 'thinking');
  await report(id, 2, 'input-required', 'which one?');
  const task = await ground.store.find({ owner: 'alice', taskId: id });
  if (task === undefined) throw new Error('the task is gone');
  const answer = userMessageOf('the red one');
  await ground.store.append(task, answer, null);
  await ground.store.project(
    projectionOf(id, {
      sequence: 3,
      status: { state: 'input-required', message: agentSays('sure?') },
      applied: [answer.messageId],
    }),
  );
  const { spans, spent, moments, line, readAt } = await overview.timeline(id, {
    owner: 'alice',
    without: [],
  });
  expect(spans.map(({ kind }) => kind)).toEqual(['queue', 'run', 'wait', 'queue', 'wait']);
  expect(moments.map(({ role, text }) => [role, text])).toEqual([
    ['user', 'hello'],
    ['agent', 'thinking'],
    ['agent', 'which one?'],
    ['user', 'the red one'],
    ['agent', 'sure?'],
  ]);
  expect(spent.queue + spent.run + spent.wait).toBe(Date.parse(readAt) - Date.parse(line.createdAt));
  await expect(overview.timeline(id, { owner: 'bob', without: [] })).rejects.toMatchObject({
    code: 'task_not_found',
  });
  await expect(overview.timeline(id, { owner: 'alice', without: ['echo'] })).rejects.toMatchObject({
    code: 'task_not_found',
  });
});

test('tasks in sight are told as they change, and that the list is to be read first', async () => {
  const his = await accepted({ owner: 'bob' });
  const hers = await accepted();
  const ending = new AbortController();
  const changes = overview.changes(async () => ({ owner: 'alice', without: [] }), ending.signal);
  expect((await changes.next()).value).toEqual({ lines: [], missed: true });
  await report(his, 1, 'working');
  await report(hers, 1, 'working');
  expect((await changes.next()).value).toMatchObject({
    lines: [{ id: hers, state: 'working' }],
    missed: false,
  });
  ending.abort();
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});

test('a task is told before it has changed, also one that was rejected as it began', async () => {
  const ending = new AbortController();
  const changes = overview.changes(async () => ({ owner: 'carol', without: [] }), ending.signal);
  expect((await changes.next()).value).toEqual({ lines: [], missed: true });
  const id = await accepted({ owner: 'carol' });
  expect((await changes.next()).value).toMatchObject({ lines: [{ id, state: 'submitted', version: 0 }] });
  const refused = await ground.store.reject(newTaskOf({ owner: 'carol', digest: null }), agentSays('no'));
  expect((await changes.next()).value).toMatchObject({ lines: [{ id: refused.id, state: 'rejected' }] });
  ending.abort();
});

test('what happened, by step', async () => {
  const { prisma } = ground.database;
  const statistics = new PrismaStatistics(prisma);
  const from = new Date('2026-01-01T00:00:00Z');
  const moment = (seconds: number) => new Date(from.getTime() + seconds * 1_000);
  for (const [began, queued, lasted, state] of [
    [10, 1, 5, 'completed'],
    [20, 2, 7, 'completed'],
    [30, 3, 0, 'working'],
    [70, 4, 9, 'failed'],
    [500, 1, 1, 'completed'],
  ] as const) {
    await prisma.task.update({
      where: { id: await accepted() },
      data: {
        state,
        createdAt: moment(began),
        begunAt: moment(began + queued),
        statusAt: moment(began + lasted),
      },
    });
  }
  const { ledger } = await receiptGround(prisma);
  const refuse = {
    decision: 'refuse',
    code: 'agent_blocked',
    risk_level: 'low',
    review_version: 'v',
  } as const;
  for (const [status, policy] of [
    ['succeeded', undefined],
    ['rejected', refuse],
  ] as const) {
    const { receipt_id, provider_id } = await ledger.open({
      agent_id: 'echo',
      provider_id: 'local',
      caller: 'alice',
      invoke_mode: 'sync',
      cost_units: 0,
      policy: policy ?? { decision: 'allow', risk_level: 'low', review_version: 'v' },
      request: {},
      message_id: randomUUID(),
    });
    await ledger.finish({ receipt_id, provider_id, status, result: {} });
    await prisma.receipt.update({
      where: { id: receipt_id },
      data: { startedAt: moment(61), completedAt: moment(64) },
    });
  }
  const found = await statistics.read({ from, to: moment(180), stepMs: 60_000 });
  expect(found).toMatchObject({
    tasks: { completed: [2, 0, 0], working: [1, 0, 0], failed: [0, 1, 0] },
    queue: { count: [3, 1, 0], p50: [2_000, 4_000, null], p99: [3_000, 4_000, null] },
    durations: { count: [2, 1, 0], p50: [5_000, 9_000, null], p90: [7_000, 9_000, null] },
    calls: { count: [0, 1, 0], p50: [null, 3_000, null] },
    refusals: { agent_blocked: [0, 1, 0] },
    failing: [0, 0, 0],
    now: { tasks: [{ agent: 'echo', state: 'working', count: 1 }] },
  });
});
