import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PrismaRepairStore } from '../../src/storage/repair-store.ts';
import type { TaskEnd, TaskInspector } from '../../src/tasks/ports.ts';
import { repair } from '../../src/tasks/repair.ts';
import type { Task, TaskState } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { projectionOf, startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';

const echo = agentOf('echo', { taskQueue: 'a-queue' });

/** What an engine could tell beside what its runs report; a test says what it is. */
class MemoryInspector implements TaskInspector {
  ends = new Map<string, TaskEnd>();
  problems = new Map<string, string>();
  /** Those that Temporal does not count as stuck, while only a message waits for them. */
  silent = new Map<string, string>();
  lost = new Set<string>();
  states = new Map<string, TaskState>();
  /** What happens while a status is asked for. */
  meanwhile = async (): Promise<unknown> => undefined;
  asked: Date[] = [];
  broken = false;

  async endedSince(since: Date) {
    if (this.broken) throw new Error('the listing is away');
    this.asked.push(since);
    return { taskIds: [...this.ends.keys()], through: new Date(since.getTime() + 1_000) };
  }

  async endOf(taskId: string) {
    return this.ends.get(taskId);
  }

  async stuck() {
    return [...this.problems].map(([taskId, problem]) => ({ taskId, problem }));
  }

  async problemOf(taskId: string) {
    return this.problems.get(taskId) ?? this.silent.get(taskId);
  }

  async unknown(taskIds: string[]) {
    return taskIds.filter((id) => this.lost.has(id));
  }

  async statusOf(taskId: string) {
    await this.meanwhile();
    const state = this.states.get(taskId);
    return state === undefined ? undefined : { state };
  }
}

let ground: TaskGround;
let repairs: PrismaRepairStore;
let inspector: MemoryInspector;

beforeAll(async () => {
  ground = await startTaskGround();
  repairs = new PrismaRepairStore(ground.database.prisma);
});

afterEach(async () => {
  ground.engine.outage = 'none';
  ground.engine.refusal = undefined;
  ground.engine.silent = false;
  await ground.engine.idle();
  // Each test sweeps over its own tasks only.
  await ground.database.prisma.task.deleteMany();
  await ground.database.prisma.sweepMark.deleteMany();
});

afterAll(() => ground.stop());

const sweep = () => {
  const { store, engine, fileStore: files } = ground;
  const agent = (code: string) => (code === 'echo' ? echo : undefined);
  return repair({ store, engine, repairs, inspector, files, agent, push: { repair: async () => 0 } });
};

const NOTHING = {
  started: 0,
  delivered: 0,
  refused: 0,
  ended: 0,
  stuck: 0,
  freed: 0,
  unknown: 0,
  purged: 0,
  pushed: 0,
  problems: [],
};

async function send(text: string, taskId?: string): Promise<Task> {
  inspector = new MemoryInspector();
  const { task } = await ground.tasks.send({
    owner: 'alice',
    agent: echo,
    message: userMessageOf(text),
    ...(taskId === undefined ? {} : { taskId }),
  });
  await ground.engine.idle();
  return task;
}

const found = ({ owner, agentCode, id }: Task): Promise<Task> =>
  ground.tasks.get({ owner, agentCode, taskId: id });

const textsOf = ({ history }: Task) => history.map(({ parts }) => parts[0]?.text);

/** Makes everything recorded look so much older. */
const wait = (time: string) =>
  ground.database.prisma.$transaction([
    ground.database.prisma.$executeRawUnsafe(
      `update task set created_at = created_at - interval '${time}', updated_at = updated_at - interval '${time}'`,
    ),
    ground.database.prisma.$executeRawUnsafe(
      `update task_message set pending_since = pending_since - interval '${time}',
        unconfirmed_since = unconfirmed_since - interval '${time}'`,
    ),
  ]);

test('a task accepted while the engine was away is started, once, on its agent’s workflow', async () => {
  ground.engine.outage = 'before';
  const task = await send('hello');
  ground.engine.outage = 'none';
  await wait('6 seconds');
  expect(await sweep()).toEqual({ ...NOTHING, started: 1 });
  await ground.engine.idle();
  expect(ground.engine.runs.get(task.id)).toMatchObject({
    workflow: { workflowType: 'echo', taskQueue: 'a-queue' },
    input: { taskId: task.id, owner: 'alice', contextId: task.contextId, message: task.history[0] },
  });
  expect(textsOf(await found(task))).toEqual(['hello', 'done: hello']);
  expect(await sweep()).toEqual(NOTHING);
});

test('a task still in the hands of its request is left alone', async () => {
  ground.engine.outage = 'before';
  await send('hello');
  ground.engine.outage = 'none';
  expect(await sweep()).toEqual(NOTHING);
});

test('a task that is started and has not reported yet is started again without harm', async () => {
  ground.engine.silent = true;
  const task = await send('hold');
  ground.engine.silent = false;
  const { runId } = ground.engine.runs.get(task.id) ?? {};
  await wait('6 seconds');
  expect(await sweep()).toEqual({ ...NOTHING, started: 1 });
  expect(ground.engine.runs.get(task.id)?.runId).toBe(runId);
});

test('a follow-up that did not get through is delivered once', async () => {
  const task = await send('ask');
  ground.engine.outage = 'before';
  await send('blue', task.id);
  ground.engine.outage = 'none';
  await wait('6 seconds');
  expect(await sweep()).toEqual({ ...NOTHING, delivered: 1 });
  await ground.engine.idle();
  expect(textsOf(await found(task))).toEqual(['ask', 'Which one?', 'blue', 'done: blue']);
  expect(await sweep()).toEqual(NOTHING);
});

test('a follow-up that was taken and whose report is missing is not applied again', async () => {
  const task = await send('ask');
  ground.engine.silent = true;
  await send('hold', task.id);
  await wait('6 seconds');
  expect(await sweep()).toEqual({ ...NOTHING, delivered: 1 });
  expect(ground.engine.runs.get(task.id)?.taken.size).toBe(1);
  expect(await sweep()).toEqual(NOTHING);
  expect(textsOf(await found(task))).toEqual(['ask', 'Which one?', 'hold']);
});

test('a follow-up that was taken in a step the engine has not kept is taken again, and said once', async () => {
  const task = await send('ask');
  await send('blue', task.id);
  const before = await found(task);
  // The engine's word is lost with the process that waited for it, and so is the step.
  await ground.database.prisma
    .$executeRaw`update task_message set unconfirmed_since = now() where task_id = ${task.id}::uuid and role = 'user'
    and body::text like '%blue%'`;
  await wait('6 seconds');
  expect(await sweep()).toEqual({ ...NOTHING, delivered: 1 });
  expect(await found(task)).toEqual(before);
  expect(await sweep()).toEqual(NOTHING);
});

test('a follow-up that the workflow refuses leaves nothing behind, and the task takes the next one', async () => {
  const task = await send('ask');
  const before = await found(task);
  ground.engine.outage = 'before';
  await send('blue', task.id);
  ground.engine.outage = 'none';
  ground.engine.refusal = 'too late';
  await wait('6 seconds');
  expect(await sweep()).toEqual({
    ...NOTHING,
    refused: 1,
    problems: [`task ${task.id}: its workflow refused an accepted message: too late`],
  });
  ground.engine.refusal = undefined;
  expect(textsOf(await found(task))).toEqual(textsOf(before));
  await send('red', task.id);
  expect((await found(task)).status.state).toBe('completed');
});

test('while the engine is away nothing is lost: each is a problem, and the next sweep does it', async () => {
  const asked = await send('ask');
  ground.engine.outage = 'before';
  const [one, two] = [await send('one'), await send('two')];
  await send('blue', asked.id);
  await wait('6 seconds');
  const report = await sweep();
  expect(report).toEqual({ ...NOTHING, problems: expect.any(Array) });
  for (const { id } of [one, two, asked]) expect(report.problems).toContainEqual(expect.stringContaining(id));
  ground.engine.outage = 'none';
  expect(await sweep()).toEqual({ ...NOTHING, started: 2, delivered: 1 });
  await ground.engine.idle();
  for (const task of [one, two, asked]) expect((await found(task)).status.state).toBe('completed');
});

test('a task whose agent is not published here is a problem, and keeps no other from being repaired', async () => {
  ground.engine.outage = 'before';
  inspector = new MemoryInspector();
  const gone = agentOf('gone');
  await ground.tasks.send({ owner: 'alice', agent: gone, message: userMessageOf('x') });
  const task = await send('hello');
  ground.engine.outage = 'none';
  await wait('6 seconds');
  const report = await sweep();
  expect(report).toMatchObject({
    started: 1,
    problems: [expect.stringContaining('agent gone is not published')],
  });
  await ground.engine.idle();
  expect((await found(task)).status.state).toBe('completed');
});

test('a workflow that was ended from outside ends its task, with the reason, once', async () => {
  const [ended, open] = [await send('hold'), await send('hold')];
  inspector.ends.set(ended.id, { state: 'failed', text: 'An operator terminated the workflow' });
  expect(await sweep()).toEqual({ ...NOTHING, ended: 1 });
  expect(await found(ended)).toMatchObject({
    status: { state: 'failed', message: { parts: [{ text: 'An operator terminated the workflow' }] } },
  });
  expect(textsOf(await found(ended))).toEqual(['hold', 'An operator terminated the workflow']);
  expect((await found(open)).status.state).toBe('working');
  const after = await found(ended);
  expect(await sweep()).toEqual(NOTHING);
  expect(await found(ended)).toEqual(after);
});

test('a task that ended by itself is not ended again', async () => {
  const task = await send('hello');
  inspector.ends.set(task.id, { state: 'failed', text: 'no' });
  expect(await sweep()).toEqual(NOTHING);
  expect((await found(task)).status.state).toBe('completed');
});

test('each sweep looks at the ends since the last one', async () => {
  await send('hold');
  await sweep();
  await sweep();
  const [first, second] = inspector.asked;
  expect(second?.getTime()).toBe((first?.getTime() ?? 0) + 1_000);
});

test('an end that cannot be looked up now is looked up by the next sweep', async () => {
  const task = await send('hold');
  inspector.ends.set(task.id, { state: 'canceled', text: '' });
  inspector.broken = true;
  expect(await sweep()).toEqual({ ...NOTHING, problems: ['ends: the listing is away'] });
  inspector.broken = false;
  expect(await sweep()).toEqual({ ...NOTHING, ended: 1 });
  expect((await found(task)).status).not.toHaveProperty('message');
});

test('a stuck workflow is shown on its task once, and freed with its own status when it goes on', async () => {
  const task = await send('ask');
  inspector.problems.set(task.id, 'TMPRL1100: nondeterminism');
  expect(await sweep()).toEqual({ ...NOTHING, stuck: 1 });
  const shown = await found(task);
  expect(shown.status).toMatchObject({
    state: 'working',
    message: { parts: [{ text: expect.stringContaining('operator') }] },
  });
  // The operator's own words are for the operator.
  expect(JSON.stringify(shown)).not.toContain('TMPRL1100');
  expect(await repairs.problems(10)).toEqual([
    { taskId: task.id, agentCode: 'echo', problem: 'TMPRL1100: nondeterminism', version: shown.version },
  ]);
  expect(await sweep()).toEqual(NOTHING);
  inspector.problems.clear();
  inspector.states.set(task.id, 'input-required');
  expect(await sweep()).toEqual({ ...NOTHING, freed: 1 });
  expect((await found(task)).status.state).toBe('input-required');
  expect(await repairs.problems(10)).toEqual([]);
  expect(await sweep()).toEqual(NOTHING);
});

test('a workflow that reports while it is asked for its status keeps what it reported', async () => {
  const task = await send('hold');
  inspector.problems.set(task.id, 'TMPRL1100: nondeterminism');
  expect(await sweep()).toEqual({ ...NOTHING, stuck: 1 });
  inspector.problems.clear();
  inspector.states.set(task.id, 'working');
  const status = { state: 'input-required' as const };
  inspector.meanwhile = () => ground.store.project(projectionOf(task.id, { runId: 'next', status }));
  expect(await sweep()).toEqual({ ...NOTHING, freed: 1 });
  expect((await found(task)).status.state).toBe('input-required');
  expect(await repairs.problems(10)).toEqual([]);
});

test('a workflow that cannot take its next message is shown on its task, until it can', async () => {
  const task = await send('ask');
  ground.engine.outage = 'before';
  await send('blue', task.id);
  inspector.silent.set(task.id, 'Nondeterminism error');
  await wait('6 seconds');
  expect(await sweep()).toMatchObject({ stuck: 0, delivered: 0 });
  expect((await found(task)).status.state).toBe('submitted');
  await wait('20 seconds');
  expect(await sweep()).toMatchObject({ stuck: 1, delivered: 0 });
  const { status } = await found(task);
  expect(status.state).toBe('working');
  expect(status.message?.parts[0]?.text).toContain('cannot go on');
  expect(await repairs.problems(10)).toMatchObject([
    { taskId: task.id, agentCode: 'echo', problem: 'Nondeterminism error' },
  ]);
  ground.engine.outage = 'none';
  inspector.silent.clear();
  expect(await sweep()).toMatchObject({ stuck: 0, delivered: 1 });
  await ground.engine.idle();
  expect(textsOf(await found(task)).at(-1)).toBe('done: blue');
});

test('a task that the engine has lost fails, long after its last word and never before', async () => {
  const [lost, kept] = [await send('hold'), await send('hold')];
  inspector.lost.add(lost.id);
  expect(await sweep()).toEqual(NOTHING);
  await wait('11 minutes');
  expect(await sweep()).toEqual({ ...NOTHING, unknown: 1 });
  expect(await found(lost)).toMatchObject({
    status: { state: 'failed', message: { parts: [{ text: expect.stringContaining('no longer knows') }] } },
  });
  expect((await found(kept)).status.state).toBe('working');
  expect(await sweep()).toEqual(NOTHING);
});
