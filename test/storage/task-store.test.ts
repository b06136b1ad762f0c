import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { Projection } from '../../src/tasks/contract.ts';
import type { NewTask, TaskQuery } from '../../src/tasks/ports.ts';
import type { Artifact, Message, Task, TaskState } from '../../src/tasks/task.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { agentMessage } from '../support/memory-engine.ts';
import { newTaskOf, projectionOf, userMessageOf } from '../support/tasks.ts';

let database: TestDatabase;
let store: PrismaTaskStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = new PrismaTaskStore(database.prisma);
});

afterAll(() => database.stop());

async function accepted(given: Partial<NewTask> = {}): Promise<Task> {
  const result = await store.accept(newTaskOf(given));
  if (result.outcome !== 'created') throw new Error(`it was ${result.outcome}`);
  return result.task;
}

async function found({ id, owner, agentCode }: Task): Promise<Task> {
  const task = await store.find({ taskId: id, owner, agentCode });
  if (task === undefined) throw new Error(`no task ${id}`);
  return task;
}

/** Reports changes of one task, numbered as a workflow's run numbers them. */
function runOf({ id }: Task, runId = 'run-1') {
  let sequence = 0;
  return (given: Partial<Projection> = {}) => {
    sequence += 1;
    return store.project(projectionOf(id, { runId, sequence, ...given }));
  };
}

const says = (state: TaskState, text?: string): Pick<Projection, 'status' | 'messages'> => {
  if (text === undefined) return { status: { state }, messages: [] };
  const message = agentMessage(text);
  return { status: { state, message }, messages: [message] };
};

const artifact = (artifactId: string, text: string): Artifact => ({ artifactId, parts: [{ text }] });

const log = ({ id }: Task) =>
  database.prisma.taskChange.findMany({ where: { taskId: id }, orderBy: { version: 'asc' } });

const waiting = async (given: Partial<NewTask> = {}): Promise<Task> => {
  const task = await accepted(given);
  await runOf(task)(says('input-required', 'Which?'));
  return found(task);
};

describe('accept', () => {
  test('gives the task as it is then read', async () => {
    const given = newTaskOf({ alias: 'a-name', metadata: { z: 1, a: [null, { b: 'c' }] } });
    const result = await store.accept(given);
    expect(result).toMatchObject({ outcome: 'created', task: { id: given.id, version: 0 } });
    expect(result.outcome === 'created' && (await found(result.task))).toEqual(
      result.outcome === 'created' && result.task,
    );
  });

  test('keeps the order of an object’s fields', async () => {
    const data = { z: 1, a: { y: 2, b: 3 } };
    const task = await accepted({
      message: userMessageOf('', { parts: [{ data }] }),
      metadata: { q: 1, c: 2 },
    });
    expect(JSON.stringify((await found(task)).history[0]?.parts[0]?.data)).toBe(JSON.stringify(data));
    expect(Object.keys((await found(task)).metadata)).toEqual(['q', 'c']);
  });

  test('fifty at once under one message id make one task, and each learns of it', async () => {
    const message = userMessageOf('race');
    const all = await Promise.all(
      Array.from({ length: 50 }, () => store.accept(newTaskOf({ message, digest: 'd' }))),
    );
    const outcomes = all.map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'repeated')).toHaveLength(49);
    expect(new Set(all.map((one) => 'task' in one && one.task.id)).size).toBe(1);
  });

  test('fifty at once under one alias make one task; the others learn that it is taken', async () => {
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        store.accept(newTaskOf({ alias: 'race', message: userMessageOf('x') })),
      ),
    );
    expect(all.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    expect(all.filter(({ outcome }) => outcome === 'alias-taken')).toHaveLength(49);
    // A refused one has left nothing of itself.
    const messages = await database.prisma.taskMessage.count({ where: { task: { alias: 'race' } } });
    expect(messages).toBe(1);
  });

  test('a repetition is known with the digest of the first', async () => {
    const task = newTaskOf({ digest: 'first' });
    await store.accept(task);
    const again = await store.accept(newTaskOf({ message: task.message, digest: 'second' }));
    expect(again).toMatchObject({ outcome: 'repeated', digest: 'first', task: { id: task.id } });
  });

  const move = (task: Task, ago: string) =>
    database.prisma.$executeRawUnsafe(
      `update task_message set created_at = now() - interval '${ago}' where task_id = '${task.id}'`,
    );

  test.each([
    ['23 hours 59 minutes', 'repeated'],
    ['24 hours 1 minute', 'created'],
  ])('a message id used %s ago is %s', async (ago, outcome) => {
    const message = userMessageOf('x');
    const task = await accepted({ message });
    await move(task, ago);
    expect((await store.accept(newTaskOf({ message }))).outcome).toBe(outcome);
    // The first one’s history is not touched.
    expect((await found(task)).history).toEqual([message]);
  });

  test('twenty at once a day later make one new task', async () => {
    const message = userMessageOf('x');
    const task = await accepted({ message });
    await move(task, '25 hours');
    const all = await Promise.all(Array.from({ length: 20 }, () => store.accept(newTaskOf({ message }))));
    expect(all.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    const ids = new Set(all.map((one) => 'task' in one && one.task.id));
    expect(ids.size).toBe(1);
    expect(ids).not.toContain(task.id);
  });
});

describe('append', () => {
  test('is taken only by a task that waits', async () => {
    const task = await accepted();
    const project = runOf(task);
    const outcome = async () => (await store.append(task, userMessageOf('x'), 'd')).outcome;
    expect(await outcome()).toBe('not-waiting');
    for (const state of ['working', 'input-required', 'working', 'auth-required'] as const) {
      await project(says(state));
      expect(await outcome(), state).toBe(state === 'working' ? 'not-waiting' : 'appended');
      await database.prisma.taskMessage.updateMany({
        where: { taskId: task.id },
        data: { pendingSince: null },
      });
    }
    await project(says('completed'));
    expect(await outcome()).toBe('not-waiting');
  });

  test('of twenty different messages at once takes one', async () => {
    const task = await waiting();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.append(task, userMessageOf(`${index}`), 'd')),
    );
    expect(all.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
    expect(all.filter(({ outcome }) => outcome === 'not-waiting')).toHaveLength(19);
    expect((await found(task)).history).toHaveLength(3);
  });

  test('of twenty equal messages at once takes one, and each learns its delivery', async () => {
    const task = await waiting();
    const message = userMessageOf('x');
    const all = await Promise.all(Array.from({ length: 20 }, () => store.append(task, message, 'd')));
    expect(all.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
    expect(all.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(19);
    for (const one of all) expect(one).toMatchObject({ deliveryId: message.messageId });
  });

  test('is pending until the workflow’s report acknowledges it', async () => {
    const task = await waiting();
    const message = userMessageOf('x');
    await store.append(task, message, 'd');
    const pending = async () => {
      const again = await store.append(task, message, 'd');
      return again.outcome === 'repeated' ? again.pending : again.outcome;
    };
    expect(await pending()).toBe(true);
    await store.project(
      projectionOf(task.id, { sequence: 2, ...says('working'), applied: [message.messageId] }),
    );
    expect(await pending()).toBe(false);
  });

  test('discarded leaves nothing; acknowledged it cannot be discarded', async () => {
    const task = await waiting();
    const message = userMessageOf('x');
    await store.append(task, message, 'd');
    await store.discard(task.id, message.messageId);
    expect(await found(task)).toEqual(task);
    await store.append(task, message, 'd');
    await store.acknowledge(task.id, message.messageId);
    await store.discard(task.id, message.messageId);
    expect((await found(task)).history.at(-1)).toEqual(message);
  });

  test('is taken anew 24 hours later', async () => {
    const task = await waiting();
    const message = userMessageOf('x');
    await store.append(task, message, 'd');
    await store.acknowledge(task.id, message.messageId);
    await database.prisma.$executeRaw`
      update task_message set created_at = now() - interval '25 hours' where task_id = ${task.id}::uuid`;
    expect((await store.append(task, message, 'd')).outcome).toBe('appended');
  });

  test('where repetitions do not count, each is a delivery of its own', async () => {
    const task = await waiting();
    const message = userMessageOf('x');
    const first = await store.append(task, message, null);
    await store.acknowledge(task.id, message.messageId);
    const second = await store.append(task, message, null);
    expect([first.outcome, second.outcome]).toEqual(['appended', 'appended']);
    expect(first.outcome === 'appended' && first.deliveryId).not.toBe(
      second.outcome === 'appended' && second.deliveryId,
    );
  });
});

describe('a projection', () => {
  test('is numbered and dated by the database, in the task and in its log alike', async () => {
    const task = await accepted();
    const project = runOf(task);
    await project(says('working'));
    await project({ artifacts: [artifact('a', 'a1')] });
    await project(says('completed', 'done'));
    const rows = await log(task);
    expect(rows.map(({ version, state }) => [version, state])).toEqual([
      [1, 'working'],
      [2, null],
      [3, 'completed'],
    ]);
    const after = await found(task);
    expect(after).toMatchObject({ version: 3, status: { state: 'completed' } });
    expect(after.status.at).toBe(rows[2]?.at.toISOString());
    expect(after.updatedAt).toBe(after.status.at);
    expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(task.createdAt));
  });

  test('without a status leaves the status, its message and its time', async () => {
    const task = await accepted();
    const project = runOf(task);
    await project(says('working', 'on it'));
    const before = await found(task);
    await project({ artifacts: [artifact('a', 'a1')] });
    expect((await found(task)).status).toEqual(before.status);
    // A status without a message takes the last one's away.
    await project(says('working'));
    expect((await found(task)).status).not.toHaveProperty('message');
  });

  test('fifty at once are numbered without a gap, each with its row', async () => {
    const task = await accepted();
    // Each from a run of its own: no guard drops any of them.
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.project(
          projectionOf(task.id, {
            runId: `run-${index}`,
            ...says('working', `${index}`),
            artifacts: [artifact(`${index}`, 'x')],
          }),
        ),
      ),
    );
    const after = await found(task);
    const rows = await log(task);
    expect(after.version).toBe(50);
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(after.artifacts).toHaveLength(50);
    expect(after.history).toHaveLength(51);
    expect(rows.at(-1)?.statusMessage).toEqual(after.status.message);
  });

  test('fifty of one run at once: the newest stands, none is recorded after it', async () => {
    const task = await accepted();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.project(projectionOf(task.id, { sequence: index + 1, ...says('working', `${index + 1}`) })),
      ),
    );
    const after = await found(task);
    const texts = (await log(task)).map(({ statusMessage }) =>
      Number((statusMessage as unknown as Message).parts[0]?.text),
    );
    expect(texts).toEqual([...texts].sort((a, b) => a - b));
    expect(texts.at(-1)).toBe(50);
    expect(after.version).toBe(texts.length);
    expect(after.status.message?.parts).toEqual([{ text: '50' }]);
  });

  const GUARDS: [promise: string, second: Partial<Projection>, recorded: boolean][] = [
    ['repeated changes nothing', { runId: 'b', sequence: 5 }, false],
    ['overtaken changes nothing', { runId: 'b', sequence: 4 }, false],
    ['of the same run goes on', { runId: 'b', sequence: 6 }, true],
    ['of a new run takes over, though it counts from 1', { runId: 'c', sequence: 1 }, true],
    ['of a past run changes nothing', { runId: 'a', sequence: 9 }, false],
  ];

  test.each(GUARDS)('%s', async (_promise, second, recorded) => {
    const task = await accepted();
    await store.project(projectionOf(task.id, { runId: 'a', sequence: 1, ...says('working') }));
    await store.project(projectionOf(task.id, { runId: 'b', sequence: 5, ...says('working', 'five') }));
    const before = await found(task);
    await store.project(
      projectionOf(task.id, { ...says('working', 'next'), artifacts: [artifact('a', 'a')], ...second }),
    );
    const after = await found(task);
    if (recorded)
      expect(after).toMatchObject({ version: 3, status: { message: { parts: [{ text: 'next' }] } } });
    else expect(after).toEqual(before);
    expect(await log(task)).toHaveLength(after.version);
  });

  const UNDONE: [promise: string, again: Partial<Projection>, recorded: boolean][] = [
    ['that knows more is recorded in the last one’s place', { sequence: 5, historyLength: 12 }, true],
    ['that knows more is recorded in an earlier one’s place', { sequence: 4, historyLength: 12 }, true],
    ['that knows no more is not', { sequence: 5, historyLength: 10 }, false],
    ['that knows less is not, though it counts on', { sequence: 6, historyLength: 9 }, false],
    ['that does not say what it knows is not', { sequence: 5 }, false],
  ];

  test.each(UNDONE)('of a step that was undone and done again, %s', async (_promise, again, recorded) => {
    const task = await accepted();
    const first = projectionOf(task.id, { sequence: 5, historyLength: 10, ...says('working', 'five') });
    await store.project(first);
    await store.project({ ...first, historyLength: 12 });
    await store.project({ ...first, historyLength: 10 });
    const before = await found(task);
    expect(before.version).toBe(1);
    const given = { artifacts: [artifact('a', 'a')], ...says('working', 'and six'), ...again };
    await store.project(projectionOf(task.id, given));
    const after = await found(task);
    if (!recorded) expect(after).toEqual(before);
    else {
      expect(after).toMatchObject({ version: 2, status: { message: { parts: [{ text: 'and six' }] } } });
      expect(after.artifacts).toHaveLength(1);
      await store.project(projectionOf(task.id, { ...says('completed'), sequence: 6, historyLength: 12 }));
      expect((await found(task)).status.state).toBe('completed');
    }
    expect(await log(task)).toHaveLength((await found(task)).version);
  });

  test.each(['completed', 'failed', 'canceled', 'rejected'] as const)(
    'after %s nothing is recorded, from any run (§4.1.3)',
    async (state) => {
      const task = await accepted();
      await runOf(task)(says(state, 'the end'));
      const before = await found(task);
      await store.project(projectionOf(task.id, { sequence: 2, ...says('working') }));
      await store.project(
        projectionOf(task.id, { runId: 'other', ...says('failed'), artifacts: [artifact('a', 'a')] }),
      );
      expect(await found(task)).toEqual(before);
      expect(await log(task)).toHaveLength(1);
    },
  );

  test('of a task that is not there changes nothing', async () => {
    const id = randomUUID();
    await store.project(projectionOf(id, { ...says('working', 'x'), artifacts: [artifact('a', 'a')] }));
    expect(await database.prisma.taskChange.count({ where: { taskId: id } })).toBe(0);
    expect(await database.prisma.taskMessage.count({ where: { taskId: id } })).toBe(0);
  });

  test('that replaces an artifact keeps its place', async () => {
    const task = await accepted();
    const project = runOf(task);
    await project({ artifacts: [artifact('a', 'a1'), artifact('b', 'b1')] });
    await project({ artifacts: [artifact('c', 'c1'), artifact('a', 'a2')] });
    await project({ artifacts: [artifact('b', 'b2')] });
    expect((await found(task)).artifacts).toEqual([
      artifact('a', 'a2'),
      artifact('b', 'b2'),
      artifact('c', 'c1'),
    ]);
  });

  test('keeps the order in which things were said', async () => {
    const task = await accepted({ message: userMessageOf('0') });
    const project = runOf(task);
    await project(says('input-required', '1'));
    const answer = userMessageOf('2');
    await store.append(await found(task), answer, 'd');
    await project({ status: { state: 'working' }, applied: [answer.messageId] });
    const [a, b] = [agentMessage('3'), agentMessage('4')];
    await project({ status: { state: 'completed', message: b }, messages: [a, b] });
    const { history } = await found(task);
    expect(history.map(({ parts }) => parts[0]?.text)).toEqual(['0', '1', '2', '3', '4']);
  });

  test('a megabyte of artifacts is read as it was written', async () => {
    const task = await accepted();
    const artifacts = Array.from({ length: 10 }, (_, index) => artifact(`${index}`, 'é'.repeat(50_000)));
    await runOf(task)({ artifacts });
    expect((await found(task)).artifacts).toEqual(artifacts);
  });

  test('one artifact of 20 MB is read as it was written', async () => {
    const task = await accepted();
    const large = { artifactId: 'large', parts: [{ raw: 'A'.repeat(20_000_000) }] };
    await runOf(task)({ artifacts: [large] });
    expect((await found(task)).artifacts[0]?.parts[0]?.raw?.length).toBe(20_000_000);
  });
});

describe('text that not every codec takes', () => {
  const ODD = 'zero \u0000, half \ud800 and \udc00, pair 🦊, line \u2028, quote "\\';

  test('survives in messages, data, metadata and artifacts', async () => {
    const message = userMessageOf(ODD, { metadata: { [ODD]: ODD } });
    const task = await accepted({ message, metadata: { [ODD]: [ODD] } });
    const said: Artifact = {
      artifactId: 'odd',
      name: ODD,
      parts: [{ text: ODD }, { data: { [ODD]: ODD } }],
      metadata: { x: ODD },
    };
    await runOf(task)({ ...says('completed', ODD), artifacts: [said] });
    const after = await found(task);
    expect(after.history[0]).toEqual(message);
    expect(after.metadata).toEqual({ [ODD]: [ODD] });
    expect(after.artifacts).toEqual([said]);
    expect(after.status.message?.parts).toEqual([{ text: ODD }]);
  });

  test('survives as an artifact’s id', async () => {
    const task = await accepted();
    const project = runOf(task);
    await project({ artifacts: [artifact('a\u0000b', '1'), artifact('a\ud800b', '2')] });
    await project({ artifacts: [artifact('a\u0000b', '3')] });
    expect((await found(task)).artifacts).toEqual([artifact('a\u0000b', '3'), artifact('a\ud800b', '2')]);
  });
});

describe('list', () => {
  const query = (owner: string, given: Partial<TaskQuery> = {}): TaskQuery => ({
    owner,
    limit: 10,
    ...given,
  });

  /** Tasks whose status changed one second apart, oldest first. */
  async function listed(owner: string, count: number): Promise<Task[]> {
    const tasks: Task[] = [];
    for (let index = 0; index < count; index++) {
      const task = await accepted({
        owner,
        agentCode: index % 2 === 0 ? 'even' : 'odd',
        contextId: `context-${index % 3}`,
      });
      if (index % 4 === 0) await runOf(task)(says('completed'));
      await database.prisma.$executeRaw`
        update task set status_at = timestamptz '2026-01-01Z' + make_interval(secs => ${index})
        where id = ${task.id}::uuid`;
      tasks.push(task);
    }
    return tasks;
  }

  const ids = (tasks: Task[]) => tasks.map(({ id }) => id);

  async function pages(first: TaskQuery): Promise<string[][]> {
    const all: string[][] = [];
    for (let next: TaskQuery | undefined = first; next !== undefined; ) {
      const page = await store.list(next);
      all.push(ids(page.tasks));
      next = page.next === undefined ? undefined : { ...first, cursor: page.next };
    }
    return all;
  }

  test('gives the newest status first, in pages that together hold each task once (§3.1.4)', async () => {
    const owner = randomUUID();
    const tasks = await listed(owner, 11);
    const all = await pages(query(owner, { limit: 4 }));
    expect(all.map(({ length }) => length)).toEqual([4, 4, 3]);
    expect(all.flat()).toEqual(ids(tasks).reverse());
    expect((await store.list(query(owner, { limit: 4 }))).total).toBe(11);
  });

  test('tells the whole list’s length on every page, and no next page after the last', async () => {
    const owner = randomUUID();
    await listed(owner, 4);
    const first = await store.list(query(owner, { limit: 2 }));
    const second = await store.list(query(owner, { limit: 2, ...(first.next && { cursor: first.next }) }));
    expect([first.total, second.total]).toEqual([4, 4]);
    expect(second).not.toHaveProperty('next');
  });

  test('tasks whose status changed in the same moment are each listed once', async () => {
    const owner = randomUUID();
    const tasks = await listed(owner, 7);
    await database.prisma
      .$executeRaw`update task set status_at = timestamptz '2026-02-02Z' where owner = ${owner}`;
    const all = (await pages(query(owner, { limit: 3 }))).flat();
    expect(all).toHaveLength(7);
    expect([...all].sort()).toEqual(ids(tasks).sort());
  });

  test('goes on where it was, whatever began meanwhile', async () => {
    const owner = randomUUID();
    const tasks = await listed(owner, 6);
    const first = await store.list(query(owner, { limit: 3 }));
    await accepted({ owner });
    await accepted({ owner });
    const rest = await store.list(query(owner, { limit: 3, ...(first.next && { cursor: first.next }) }));
    expect([...ids(first.tasks), ...ids(rest.tasks)]).toEqual(ids(tasks).reverse());
    expect(rest.total).toBe(8);
  });

  test('is filtered by agent, context, state and time, alone and together', async () => {
    const owner = randomUUID();
    const tasks = await listed(owner, 12);
    const only = (wanted: (index: number) => boolean) =>
      ids(tasks.filter((_, index) => wanted(index))).reverse();
    const cases: [Partial<TaskQuery>, (index: number) => boolean][] = [
      [{ agentCode: 'odd' }, (index) => index % 2 === 1],
      [{ contextId: 'context-1' }, (index) => index % 3 === 1],
      [{ state: 'completed' }, (index) => index % 4 === 0],
      [{ state: 'submitted' }, (index) => index % 4 !== 0],
      [{ updatedAfter: '2026-01-01T00:00:05.000Z' }, (index) => index >= 5],
      [{ agentCode: 'even', contextId: 'context-0', state: 'completed' }, (index) => index % 12 === 0],
      [{ contextId: 'nowhere' }, () => false],
    ];
    for (const [filter, wanted] of cases) {
      const page = await store.list(query(owner, { limit: 20, ...filter }));
      expect(ids(page.tasks), JSON.stringify(filter)).toEqual(only(wanted));
      expect(page.total).toBe(page.tasks.length);
      const paged = await pages(query(owner, { limit: 2, ...filter }));
      expect(paged.flat(), JSON.stringify(filter)).toEqual(only(wanted));
    }
  });

  test('finds a task by the state it is shown in, also while an answer is on its way', async () => {
    const owner = randomUUID();
    const task = await accepted({ owner });
    await runOf(task)(says('input-required'));
    const inState = async (state: TaskState) => (await store.list(query(owner, { state }))).total;
    expect([await inState('input-required'), await inState('submitted')]).toEqual([1, 0]);
    await store.append(task, userMessageOf('yes'), 'd');
    expect([await inState('input-required'), await inState('submitted')]).toEqual([0, 1]);
  });

  test('shows nothing of another caller', async () => {
    await listed(randomUUID(), 2);
    expect(await store.list(query(randomUUID()))).toEqual({ tasks: [], total: 0 });
  });

  test('holds each task whole', async () => {
    const owner = randomUUID();
    const task = await accepted({ owner });
    await runOf(task)({ ...says('completed', 'done'), artifacts: [artifact('a', 'a')] });
    const { tasks } = await store.list(query(owner));
    expect(tasks).toEqual([await found(task)]);
  });
});

describe('what repair asks for', () => {
  const old = (task: Task) =>
    database.prisma.$executeRaw`
      with t as (update task set created_at = now() - interval '1 minute' where id = ${task.id}::uuid)
      update task_message
      set pending_since = now() - interval '1 minute', unconfirmed_since = now() - interval '1 minute'
      where task_id = ${task.id}::uuid and pending_since is not null`;

  test('unstarted: accepted a while ago and never heard of', async () => {
    const message = userMessageOf('hello');
    const [lost, begun, young] = [
      await accepted({ message, metadata: { a: 1 }, scopes: ['agents:invoke'] }),
      await accepted(),
      await accepted(),
    ];
    await runOf(begun)(says('working'));
    await old(lost);
    await old(begun);
    const pending = await store.unstarted(5_000, 1_000);
    const known = pending.map(({ taskId }) => taskId);
    expect(known).toContain(lost.id);
    expect(known).not.toContain(begun.id);
    expect(known).not.toContain(young.id);
    expect(pending.find(({ taskId }) => taskId === lost.id)).toEqual({
      taskId: lost.id,
      contextId: lost.contextId,
      agentCode: lost.agentCode,
      owner: lost.owner,
      scopes: ['agents:invoke'],
      message,
      metadata: { a: 1 },
    });
  });

  test('unconfirmed: recorded a while ago, and nobody knows whether the engine has it', async () => {
    const [lost, taken, kept, young] = [await waiting(), await waiting(), await waiting(), await waiting()];
    const message = userMessageOf('answer');
    await store.append(lost, message, 'd');
    const other = userMessageOf('answer');
    await store.append(taken, other, 'd');
    await store.append(young, userMessageOf('answer'), 'd');
    const third = userMessageOf('answer');
    await store.append(kept, third, 'd');
    await Promise.all([old(lost), old(taken), old(kept)]);
    await store.acknowledge(taken.id, other.messageId);
    await store.project({ ...projectionOf(kept.id), sequence: 2, applied: [third.messageId] });
    await store.confirm(kept.id, third.messageId);
    const pending = await store.unconfirmed(5_000, 1_000);
    expect(pending).toContainEqual({
      taskId: lost.id,
      deliveryId: message.messageId,
      message,
      waitingMs: expect.closeTo(60_000, -4),
      pending: true,
      seen: { runId: 'run-1', sequence: 1 },
    });
    expect(pending.map(({ taskId }) => taskId)).not.toContain(taken.id);
    expect(pending.map(({ taskId }) => taskId)).not.toContain(kept.id);
    expect(pending.map(({ taskId }) => taskId)).not.toContain(young.id);
  });

  test('a report that takes a message is no word of the engine: it stays unconfirmed', async () => {
    const task = await waiting();
    const message = userMessageOf('answer');
    await store.append(task, message, 'd');
    await old(task);
    await store.project({ ...projectionOf(task.id), sequence: 2, applied: [message.messageId] });
    const mine = (await store.unconfirmed(5_000, 1_000)).filter(({ taskId }) => taskId === task.id);
    expect(mine).toMatchObject([{ pending: false, message, seen: { runId: 'run-1', sequence: 2 } }]);
    await store.acknowledge(task.id, message.messageId);
    const left = (await store.unconfirmed(5_000, 1_000)).filter(({ taskId }) => taskId === task.id);
    expect(left).toEqual([]);
  });

  test('a step that was undone and done again says nothing twice', async () => {
    const task = await waiting();
    const said = { messageId: randomUUID(), role: 'agent' as const, parts: [{ text: 'once' }] };
    for (const sequence of [2, 3])
      await store.project({ ...projectionOf(task.id), sequence, messages: [said] });
    const found = await store.find({ owner: task.owner, agentCode: task.agentCode, taskId: task.id });
    expect(found?.history.filter(({ messageId }) => messageId === said.messageId)).toHaveLength(1);
  });
});

test('a database that is not there is told as such', async () => {
  const away = openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/nothing' });
  const there = new PrismaTaskStore(away);
  const unavailable = expect.objectContaining({ code: 'unavailable' });
  await expect(there.find({ owner: 'a', agentCode: 'b', taskId: 'c' })).rejects.toThrow(unavailable);
  await expect(there.accept(newTaskOf())).rejects.toThrow(unavailable);
  await expect(there.project(projectionOf(randomUUID()))).rejects.toThrow(unavailable);
  await away.$disconnect();
});
