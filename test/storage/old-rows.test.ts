import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeOld } from '../../src/data-life/retention.ts';
import { PrismaAuditLog } from '../../src/storage/audit-log.ts';
import { Bulletin } from '../../src/storage/bulletin.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaOldRows, TASKS_REMOVED_TOPIC } from '../../src/storage/old-rows.ts';
import { PostgresTaskFeed } from '../../src/storage/task-feed.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { NewTask } from '../../src/tasks/ports.ts';
import type { Task, TaskState } from '../../src/tasks/task.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { agentMessage } from '../support/memory-engine.ts';
import { newTaskOf, projectionOf, silentLog } from '../support/tasks.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
let database: TestDatabase;
let db: PrismaClient;
let store: PrismaTaskStore;
let audit: PrismaAuditLog;

beforeAll(async () => {
  database = await startTestDatabase();
  db = database.prisma;
  store = new PrismaTaskStore(db);
  audit = new PrismaAuditLog(db);
});

afterAll(() => database.stop());

beforeEach(async () => {
  await db.task.deleteMany();
  await db.file.deleteMany();
});

const sweep = (kept: { tasks?: number; audit?: number }) =>
  removeOld(
    { rows: new PrismaOldRows(db), audit },
    {
      tasksMs: kept.tasks && kept.tasks * DAY,
      auditMs: kept.audit && kept.audit * DAY,
    },
  );

async function taskIn(state: TaskState, daysOld: number, given: Partial<NewTask> = {}): Promise<Task> {
  const accepted = await store.accept(newTaskOf(given));
  if (accepted.outcome !== 'created') throw new Error(accepted.outcome);
  const { id } = accepted.task;
  const message = agentMessage('so it is');
  const status = { state, message };
  const artifacts = [{ artifactId: 'a', parts: [{ text: 'one' }] }];
  await store.project(projectionOf(id, { status, artifacts, messages: [message] }));
  await age(id, daysOld);
  return accepted.task;
}

const age = (id: string, days: number) => db.$executeRaw`
  update task set created_at = created_at - make_interval(days => ${days}::int),
                  status_at = status_at - make_interval(days => ${days}::int) where id = ${id}::uuid`;

const find = ({ id, owner, agentCode }: Task, from = store) =>
  from.find({ taskId: id, owner, agentCode }).then((task) => task?.id);

const rowsOf = async ({ id }: Task) =>
  Promise.all([
    db.taskMessage.count({ where: { taskId: id } }),
    db.taskArtifact.count({ where: { taskId: id } }),
    db.taskChange.count({ where: { taskId: id } }),
    db.taskFile.count({ where: { taskId: id } }),
    db.pushConfig.count({ where: { taskId: id } }),
  ]);

const receiptOf = (task: Task, given: { status: string; verifyAfter?: Date }) =>
  db.receipt.create({
    data: {
      id: randomUUID(),
      agentId: task.agentCode,
      providerId: 'local',
      caller: task.owner,
      invokeMode: 'sync',
      verification: 'pending',
      requestDigest: 'd',
      costUnits: 0,
      policy: {},
      taskId: task.id,
      messageId: randomUUID(),
      ...given,
    },
  });

describe('a task that has ended', () => {
  it('goes once it is older than it is kept, in whichever final state, with all that is its own', async () => {
    const old = await Promise.all(
      (['completed', 'failed', 'canceled', 'rejected'] as const).map((state) => taskIn(state, 11)),
    );
    const [first] = old as [Task, ...Task[]];
    await db.file.create({ data: { id: 'f', owner: 'alice', size: 1, complete: true } });
    await db.taskFile.create({ data: { taskId: first.id, fileId: 'f' } });
    await db.pushConfig.create({
      data: {
        taskId: first.id,
        id: 'p',
        key: randomUUID(),
        url: 'https://a.example',
        shape: 's',
        state: 'done',
        delivered: 1,
      },
    });
    const younger = await taskIn('completed', 9);
    expect(await rowsOf(first)).toEqual([2, 1, 1, 1, 1]);
    expect(await sweep({ tasks: 10 })).toEqual({ tasks: 4, entries: 0 });
    expect(await Promise.all(old.map((task) => find(task)))).toEqual(old.map(() => undefined));
    expect(await rowsOf(first)).toEqual([0, 0, 0, 0, 0]);
    expect(await find(younger)).toBe(younger.id);
  });

  it('stays for ever when nothing is said', async () => {
    const task = await taskIn('completed', 10_000);
    expect(await sweep({})).toEqual({ tasks: 0, entries: 0 });
    expect(await find(task)).toBe(task.id);
  });

  it('is as old as its end, not as its beginning', async () => {
    const task = await taskIn('completed', 0);
    await db.$executeRaw`update task set created_at = created_at - interval '30 days' where id = ${task.id}::uuid`;
    expect(await sweep({ tasks: 10 })).toMatchObject({ tasks: 0 });
    expect(await find(task)).toBe(task.id);
  });

  it('stays while a receipt of it is running or waits for its verdict, or a webhook has not heard of its end', async () => {
    const [running, pending, untold] = await Promise.all([
      taskIn('completed', 11),
      taskIn('failed', 11),
      taskIn('failed', 11),
    ]);
    await receiptOf(running, { status: 'running' });
    const { id } = await receiptOf(pending, { status: 'succeeded', verifyAfter: new Date() });
    const push = {
      taskId: untold.id,
      id: 'p',
      key: randomUUID(),
      url: 'https://a.example',
      shape: 's',
      delivered: 0,
    };
    await db.pushConfig.create({ data: push });
    expect(await sweep({ tasks: 10 })).toMatchObject({ tasks: 0 });
    await db.receipt.update({ where: { id }, data: { verifyAfter: null } });
    await db.pushConfig.update({
      where: { taskId_id: { taskId: untold.id, id: 'p' } },
      data: { state: 'expired' },
    });
    expect(await sweep({ tasks: 10 })).toMatchObject({ tasks: 2 });
    expect(await find(running)).toBe(running.id);
    // The receipt itself has lost nothing.
    expect(await db.receipt.findUnique({ where: { id } })).toMatchObject({ taskId: pending.id });
  });

  it('is one that never was for processes that had kept it, and its message begins another', async () => {
    const bulletin = new Bulletin(db);
    const elsewhere = new PrismaTaskStore(db);
    bulletin.hear(TASKS_REMOVED_TOPIC, () => elsewhere.forget());
    const feed = new PostgresTaskFeed({ db, url: database.url, bulletin, log: silentLog });
    await feed.open();
    const given = newTaskOf({ alias: 'mine' });
    const task = await taskIn('completed', 11, given);
    expect(await find(task, elsewhere)).toBe(task.id);
    await sweep({ tasks: 10 });
    await until('it is forgotten', async () =>
      (await find(task, elsewhere)) === undefined ? true : undefined,
    );
    await feed.close();
    expect(await store.accept({ ...given, id: randomUUID() })).toMatchObject({ outcome: 'created' });
  });
});

it.each(['submitted', 'working', 'input-required', 'auth-required'] as const)(
  'a task that is %s stays however old it is',
  async (state) => {
    const task = await taskIn(state, 10_000);
    expect(await sweep({ tasks: 1 })).toMatchObject({ tasks: 0 });
    expect(await find(task)).toBe(task.id);
  },
);

it('thousands go in small statements, large ones in smaller', async () => {
  await db.$executeRaw`
    insert into task (id, agent_code, owner, context_id, state, version, created_at, status_at)
    select gen_random_uuid(), 'echo', 'alice', 'c', 'completed', case when n % 400 = 0 then 6000 else 3 end,
           now() - interval '20 days' + make_interval(secs => n), now() - interval '11 days'
    from generate_series(1, 1200) n`;
  const rows = new PrismaOldRows(db);
  const counts: number[] = [];
  let after: Awaited<ReturnType<typeof rows.removeTasks>>['next'];
  do {
    const { removed, next } = await rows.removeTasks('completed', 10 * DAY, after);
    counts.push(removed);
    after = next;
  } while (after !== undefined);
  // As many as have about 5,000 rows, and never none.
  expect(counts).toEqual([400, 400, 400, 0]);
});

describe('an audit entry', () => {
  const entry = (event: string) => audit.record({ event, caller: 'alice', detail: {} });
  const events = async () => (await audit.read({ limit: 100 })).map(({ event }) => event);

  it('goes once it is older than entries are kept, and that is in the log', async () => {
    await db.$executeRaw`
      insert into audit_entry (event, at) select 'old', now() - interval '40 days' from generate_series(1, 1200)`;
    await entry('young');
    expect(await sweep({})).toMatchObject({ entries: 0 });
    expect(await sweep({ audit: 30 })).toMatchObject({ entries: 1_200 });
    expect(await events()).toEqual(['audit-removed', 'young']);
    expect(await sweep({ audit: 30 })).toMatchObject({ entries: 0 });
    expect(await events()).toEqual(['audit-removed', 'young']);
  });

  it('is neither changed nor removed by anything else', async () => {
    await entry('kept');
    await expect(db.auditEntry.deleteMany()).rejects.toThrow(/append-only/);
    await expect(db.auditEntry.updateMany({ data: { event: 'x' } })).rejects.toThrow(/append-only/);
    await expect(
      db.$transaction([
        db.$executeRaw`select set_config('agent_host.audit_retention', 'on', true)`,
        db.auditEntry.updateMany({ data: { event: 'x' } }),
      ]),
    ).rejects.toThrow(/append-only/);
  });
});
