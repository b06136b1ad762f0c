import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SendRequest, Sent } from '../../src/tasks/service.ts';
import type { Task } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';
import { until } from '../support/until.ts';

const echo = agentOf('echo');
const other = agentOf('other', { taskQueue: 'elsewhere' });
const fresh = agentOf('fresh', { duplicateMessages: 'new-task' });
const strict = agentOf('strict', { input: z.object({ amount: z.number() }) });

let ground: TaskGround;

beforeAll(async () => {
  ground = await startTaskGround();
});

afterEach(async () => {
  ground.engine.outage = 'none';
  ground.engine.refusal = undefined;
  ground.engine.silent = false;
  ground.engine.prompt = false;
  await ground.engine.idle();
  // Nobody watches once a test is over.
  expect(ground.feed.subscriptions).toBe(0);
});

afterAll(() => ground.stop());

const send = (text: string, given: Partial<SendRequest> = {}): Promise<Sent> =>
  ground.tasks.send({ owner: 'alice', agent: echo, message: userMessageOf(text), ...given });

/** The task once it is settled; never as it stands when waiting takes too long. */
const settled = async (sent: Sent | Promise<Sent>): Promise<Task> => {
  const signal = AbortSignal.timeout(5_000);
  const task = await ground.tasks.settled(await sent, signal);
  signal.throwIfAborted();
  return task;
};

const keyOf = ({ owner, agentCode, id }: Task) => ({ owner, agentCode, taskId: id });

const found = (task: Task): Promise<Task> => ground.tasks.get(keyOf(task));

const textsOf = ({ history }: Task): (string | undefined)[] => history.map(({ parts }) => parts[0]?.text);

const startsOf = ({ id }: Task): number =>
  ground.engine.calls.filter((call) => call === `start ${id}`).length;

const error = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** A task that asked `Which one?`. */
const asking = async (given: Partial<SendRequest> = {}): Promise<Task> => {
  const task = await settled(send('ask me', given));
  expect(task.status.state).toBe('input-required');
  return task;
};

describe('a message without a task', () => {
  test('begins a task that is recorded before it runs', async () => {
    const message = userMessageOf('hello', { metadata: { from: 'test' } });
    const sent = await send('', { message, metadata: { kind: 'm' }, contextId: 'my-context' });
    expect(sent).toMatchObject({
      task: {
        owner: 'alice',
        agentCode: 'echo',
        contextId: 'my-context',
        status: { state: 'submitted' },
        version: 0,
        history: [message],
        metadata: { kind: 'm' },
        artifacts: [],
      },
    });
    const task = await settled(sent);
    expect(task).toMatchObject({ status: { state: 'completed' }, version: 2 });
    expect(textsOf(task)).toEqual(['hello', 'done: hello']);
    expect(await found(task)).toEqual(task);
  });

  test('gets a context of its own when it names none', async () => {
    const [a, b] = await Promise.all([send('a'), send('b')]);
    expect(a.task.contextId).not.toBe(b.task.contextId);
  });

  test('runs on the agent’s workflow and task queue', async () => {
    const { task } = await send('hello', { agent: other });
    expect(ground.engine.runs.get(task.id)).toMatchObject({
      workflow: { workflowType: 'other', taskQueue: 'elsewhere' },
      input: { taskId: task.id, contextId: task.contextId, agentCode: 'other', owner: 'alice' },
    });
  });

  test('is refused, naming the field, before anything is recorded', async () => {
    const starts = ground.engine.count('start');
    const bad: [Partial<SendRequest>, string][] = [
      [{ message: userMessageOf('', { parts: [] }) }, 'message.parts'],
      [{ contextId: 'a\nb' }, 'message.contextId'],
      [{ alias: 'x'.repeat(256) }, 'id'],
      [
        { agent: strict, message: userMessageOf('', { parts: [{ data: {} }] }) },
        'message.parts[0].data.amount',
      ],
      [{ taskId: 'a\u0000b' }, 'message.taskId'],
    ];
    for (const [given, field] of bad) {
      await expect(send('x', { owner: 'nobody', ...given }), field).rejects.toThrow(
        error('invalid_params', { field }),
      );
    }
    expect((await ground.tasks.list({ owner: 'nobody', limit: 1 })).total).toBe(0);
    expect(ground.engine.count('start')).toBe(starts);
  });
});

describe('the same message id again', () => {
  test('is the same request: the first task comes back and nothing starts', async () => {
    const message = userMessageOf('once');
    const first = await settled(send('', { message }));
    const second = await send('', { message: structuredClone(message) });
    expect(second).toEqual({ task: first, deferred: false });
    expect(startsOf(first)).toBe(1);
  });

  test('with other content is refused', async () => {
    const message = userMessageOf('first');
    await send('', { message });
    for (const given of [
      { message: { ...message, parts: [{ text: 'second' }] } },
      { message: { ...message, metadata: { a: 1 } } },
      { message, contextId: 'another' },
    ]) {
      await expect(send('', given)).rejects.toThrow(error('invalid_params', { field: 'message.messageId' }));
    }
  });

  test('is another request from another caller and to another agent', async () => {
    const message = userMessageOf('for each');
    const tasks = await Promise.all([
      send('', { message }),
      send('', { message, owner: 'bob' }),
      send('', { message, agent: other }),
    ]);
    expect(new Set(tasks.map(({ task }) => task.id)).size).toBe(3);
  });

  test('twenty at once begin one task, started once', async () => {
    const message = userMessageOf('race');
    const all = await Promise.all(Array.from({ length: 20 }, () => send('', { message })));
    expect(new Set(all.map(({ task }) => task.id)).size).toBe(1);
    const task = await settled(all[0] as Sent);
    expect(textsOf(task)).toEqual(['race', 'done: race']);
    // A repetition may ask for the start again; one workflow runs.
    expect(
      [...ground.engine.runs.values()].filter(({ input }) => input.message.messageId === message.messageId),
    ).toHaveLength(1);
  });

  test('twenty at once with two contents: one content wins, the other is refused', async () => {
    const message = userMessageOf('x');
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        send('', { message: { ...message, parts: [{ text: index % 2 === 0 ? 'even' : 'odd' }] } }),
      ),
    );
    const won = all.filter((one) => one.status === 'fulfilled').map(({ value }) => value.task.id);
    expect(won).toHaveLength(10);
    expect(new Set(won).size).toBe(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason).toEqual(error('invalid_params'));
  });

  test('begins another task where the agent says so', async () => {
    const message = userMessageOf('again');
    const tasks = await Promise.all([1, 2, 3].map(() => settled(send('', { message, agent: fresh }))));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
    expect(tasks.map(({ status }) => status.state)).toEqual(['completed', 'completed', 'completed']);
  });

  test('is taken anew after 24 hours, with any content', async () => {
    const message = userMessageOf('yesterday');
    const { task } = await send('', { message });
    await ground.engine.idle();
    await ground.database.prisma.$executeRaw`
      update task_message set created_at = now() - interval '24 hours 1 minute' where task_id = ${task.id}::uuid`;
    const again = await send('', { message: { ...message, parts: [{ text: 'today' }] } });
    expect(again.task.id).not.toBe(task.id);
    expect((await send('', { message: { ...message, parts: [{ text: 'today' }] } })).task.id).toBe(
      again.task.id,
    );
  });

  test('as a follow-up is applied once, however often it is sent', async () => {
    const task = await asking();
    const message = userMessageOf('hold it');
    const sends = await Promise.allSettled(
      Array.from({ length: 20 }, () => send('', { message, taskId: task.id })),
    );
    expect(sends.filter(({ status }) => status === 'rejected')).toEqual([]);
    await ground.engine.idle();
    expect(textsOf(await found(task))).toEqual(['ask me', 'Which one?', 'hold it']);
    expect(ground.engine.runs.get(task.id)?.taken.size).toBe(1);
  });

  test('as a follow-up of a new-task agent is a message each time', async () => {
    const task = await asking({ agent: fresh });
    const message = userMessageOf('ask again');
    const request = { agent: fresh, taskId: task.id, message };
    const first = await settled(send('', request));
    expect(first).toMatchObject({ status: { state: 'input-required' } });
    await settled(send('', request));
    expect(ground.engine.runs.get(task.id)?.taken.size).toBe(2);
    expect(textsOf(await found(task)).filter((text) => text === 'ask again')).toHaveLength(2);
  });

  test('that went to one task is refused for another', async () => {
    const [one, two] = [await asking(), await asking()];
    const message = userMessageOf('hold');
    await send('', { message, taskId: one.id });
    await expect(send('', { message, taskId: two.id })).rejects.toThrow(error('invalid_params'));
    expect(textsOf(await found(two))).toEqual(['ask me', 'Which one?']);
  });
});

describe('a task’s name from its client (tasks/send)', () => {
  test('names the new task, and finds it', async () => {
    const task = await settled(send('hello', { alias: 'my-task' }));
    expect(task.alias).toBe('my-task');
    const byName = await ground.tasks.get({ owner: 'alice', agentCode: 'echo', taskId: 'my-task' });
    expect(byName).toEqual(task);
    expect(await found(task)).toEqual(task);
  });

  test('belongs to one caller and one agent', async () => {
    const tasks = await Promise.all([
      send('hello', { alias: 'shared' }),
      send('hello', { alias: 'shared', owner: 'bob' }),
      send('hello', { alias: 'shared', agent: other }),
    ]);
    expect(new Set(tasks.map(({ task }) => task.id)).size).toBe(3);
  });

  test('used again continues the task', async () => {
    const task = await asking({ alias: 'talk' });
    const continued = await settled(send('blue', { alias: 'talk' }));
    expect(continued).toMatchObject({ id: task.id, status: { state: 'completed' } });
    expect(textsOf(continued)).toEqual(['ask me', 'Which one?', 'blue', 'done: blue']);
    await expect(send('more', { alias: 'talk' })).rejects.toThrow(error('unsupported_operation'));
  });

  test('with the same message again is the same request', async () => {
    const message = userMessageOf('hello');
    const task = await settled(send('', { alias: 'twice', message }));
    expect(await send('', { alias: 'twice', message })).toEqual({ task, deferred: false });
  });

  test('twenty at once with one message make one task', async () => {
    const message = userMessageOf('hold');
    const all = await Promise.all(Array.from({ length: 20 }, () => send('', { alias: 'one-race', message })));
    expect(new Set(all.map(({ task }) => task.id)).size).toBe(1);
  });

  test('twenty at once with different messages make one task; the others find it busy', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => send(`hold ${index}`, { alias: 'many-race' })),
    );
    const begun = all.filter((one) => one.status === 'fulfilled');
    expect(begun).toHaveLength(1);
    for (const one of all)
      if (one.status === 'rejected') expect(one.reason).toEqual(error('unsupported_operation'));
    const task = await ground.tasks.get({ owner: 'alice', agentCode: 'echo', taskId: 'many-race' });
    expect(task.history).toHaveLength(1);
  });

  test('that is another task’s id does not hide that task', async () => {
    const first = await settled(send('first'));
    const sent = send('second', { alias: first.id });
    await expect(sent).rejects.toThrow(error('unsupported_operation'));
    expect((await found(first)).history[0]?.parts[0]?.text).toBe('first');
  });
});

describe('a message to a task', () => {
  test('that waits continues it', async () => {
    const task = await asking();
    const sent = await send('blue', { taskId: task.id });
    // It no longer waits: the message is on its way to it.
    expect(sent.task.status.state).toBe('submitted');
    expect(textsOf(sent.task)).toEqual(['ask me', 'Which one?', 'blue']);
    const done = await settled(sent);
    expect(done).toMatchObject({ id: task.id, status: { state: 'completed' } });
    expect(textsOf(done)).toEqual(['ask me', 'Which one?', 'blue', 'done: blue']);
    expect(await found(done)).toEqual(done);
  });

  test('that works is refused and leaves nothing behind (§3.1.1)', async () => {
    const { task } = await send('hold');
    await ground.engine.idle();
    const delivers = ground.engine.count('deliver');
    await expect(send('more', { taskId: task.id })).rejects.toThrow(
      error('unsupported_operation', { message: expect.stringContaining('busy') }),
    );
    expect(textsOf(await found(task))).toEqual(['hold']);
    expect(ground.engine.count('deliver')).toBe(delivers);
  });

  test.each(['completed', 'failed'])('that has %s is refused and says so', async (state) => {
    const task = await settled(send(state === 'failed' ? 'fail' : 'go'));
    await expect(send('more', { taskId: task.id })).rejects.toThrow(
      error('unsupported_operation', { message: expect.stringContaining(state) }),
    );
    expect((await found(task)).history).toHaveLength(2);
  });

  test('of which one is on its way already is refused', async () => {
    const task = await asking();
    ground.engine.outage = 'before';
    await send('first', { taskId: task.id });
    await expect(send('second', { taskId: task.id })).rejects.toThrow(error('unsupported_operation'));
    expect(textsOf(await found(task))).toEqual(['ask me', 'Which one?', 'first']);
  });

  test('that its workflow refuses leaves nothing behind, and its id may be used again', async () => {
    const task = await asking();
    const message = userMessageOf('hold it');
    ground.engine.refusal = 'The task no longer waits for an answer to this question';
    await expect(send('', { taskId: task.id, message })).rejects.toThrow(
      error('unsupported_operation', { message: 'The task no longer waits for an answer to this question' }),
    );
    expect(await found(task)).toEqual(task);
    ground.engine.refusal = undefined;
    await send('', { taskId: task.id, message });
    await ground.engine.idle();
    expect(textsOf(await found(task))).toEqual(['ask me', 'Which one?', 'hold it']);
  });

  test('that names another context than the task’s is refused (§3.4.1)', async () => {
    const task = await asking();
    await expect(send('x', { taskId: task.id, contextId: 'another' })).rejects.toThrow(
      error('invalid_params', { field: 'message.contextId' }),
    );
    expect(await found(task)).toEqual(task);
    expect((await settled(send('x', { taskId: task.id, contextId: task.contextId }))).status.state).toBe(
      'completed',
    );
  });

  test('that never was, is another caller’s or another agent’s is not found: one answer for all', async () => {
    const task = await asking();
    const answers = await Promise.allSettled([
      send('x', { taskId: randomUUID() }),
      send('x', { taskId: 'no-uuid' }),
      send('x', { taskId: task.id, owner: 'bob' }),
      send('x', { taskId: task.id, agent: other }),
      ground.tasks.get({ ...keyOf(task), owner: 'bob' }),
      ground.tasks.get({ ...keyOf(task), agentCode: 'other' }),
      ground.tasks.get({ ...keyOf(task), taskId: 'no-uuid' }),
      ground.tasks.cancel({ ...keyOf(task), owner: 'bob' }, echo, AbortSignal.timeout(1_000)),
    ]);
    expect(answers.map((one) => (one.status === 'rejected' ? one.reason : one))).toEqual(
      answers.map(() => error('task_not_found', { message: 'Task not found', field: undefined })),
    );
    expect(await found(task)).toEqual(task);
  });
});

describe('while the engine is away', () => {
  test('a new task is accepted, stays submitted, and a repetition starts it', async () => {
    const message = userMessageOf('hello');
    ground.engine.outage = 'before';
    const sent = await send('', { message });
    expect(sent).toMatchObject({ deferred: true, task: { status: { state: 'submitted' } } });
    // Nobody is kept waiting for an engine that is away.
    expect(await settled(sent)).toBe(sent.task);
    expect(await found(sent.task)).toMatchObject({ status: { state: 'submitted' }, version: 0 });
    ground.engine.outage = 'none';
    const again = await send('', { message });
    expect(again.task.id).toBe(sent.task.id);
    expect((await settled(again)).status.state).toBe('completed');
  });

  test('a start whose answer was lost is no failure, and its task goes on', async () => {
    ground.engine.outage = 'after';
    const sent = await send('hello');
    expect(sent.deferred).toBe(true);
    const waiting = { task: await found(sent.task), deferred: false };
    expect((await settled(waiting)).status.state).toBe('completed');
  });

  test('a follow-up is accepted, and a repetition delivers it', async () => {
    const task = await asking();
    const message = userMessageOf('blue');
    ground.engine.outage = 'before';
    const sent = await send('', { taskId: task.id, message });
    expect(sent.deferred).toBe(true);
    expect(textsOf(await found(task))).toEqual(['ask me', 'Which one?', 'blue']);
    ground.engine.outage = 'none';
    const again = await send('', { taskId: task.id, message });
    expect(again.task.status.state).toBe('submitted');
    const done = await settled(again);
    expect(done.status.state).toBe('completed');
    expect(textsOf(done)).toEqual(['ask me', 'Which one?', 'blue', 'done: blue']);
  });

  test('a follow-up’s repetition that finds the next question already asked does not wait for more', async () => {
    const task = await asking();
    const message = userMessageOf('ask again');
    ground.engine.outage = 'before';
    await send('', { taskId: task.id, message });
    ground.engine.outage = 'none';
    ground.engine.prompt = true;
    const again = await send('', { taskId: task.id, message });
    expect(await settled(again)).toMatchObject({ status: { state: 'input-required' }, version: 4 });
  });

  test('a follow-up whose answer was lost is applied once', async () => {
    const task = await asking();
    const message = userMessageOf('hold it');
    ground.engine.outage = 'after';
    await send('', { taskId: task.id, message });
    ground.engine.outage = 'none';
    await send('', { taskId: task.id, message });
    await ground.engine.idle();
    expect(textsOf(await found(task))).toEqual(['ask me', 'Which one?', 'hold it']);
    expect(ground.engine.runs.get(task.id)?.taken.size).toBe(1);
  });

  test('a follow-up that is refused once the engine is back leaves nothing behind', async () => {
    const task = await asking();
    const message = userMessageOf('blue');
    ground.engine.outage = 'before';
    await send('', { taskId: task.id, message });
    ground.engine.outage = 'none';
    ground.engine.refusal = 'The task no longer waits';
    await expect(send('', { taskId: task.id, message })).rejects.toThrow(error('unsupported_operation'));
    expect(await found(task)).toEqual(task);
  });

  test('a cancel says so and changes nothing', async () => {
    const { task } = await send('hold');
    await ground.engine.idle();
    ground.engine.outage = 'before';
    await expect(ground.tasks.cancel(keyOf(task), echo, AbortSignal.timeout(5_000))).rejects.toThrow(
      error('unavailable'),
    );
    expect((await found(task)).status.state).toBe('working');
  });
});

test('an id that no task can have is refused, naming the field', async () => {
  const key = { owner: 'alice', agentCode: 'echo', taskId: 'a\u0000b' };
  await expect(ground.tasks.get(key)).rejects.toThrow(error('invalid_params', { field: 'id' }));
  await expect(ground.tasks.list({ owner: 'alice', contextId: 'a\u0000b', limit: 1 })).rejects.toThrow(
    error('invalid_params', { field: 'contextId' }),
  );
});

describe('cancel', () => {
  const cancel = (task: Task, signal = AbortSignal.timeout(10_000)) =>
    ground.tasks.cancel(keyOf(task), echo, signal);

  test('of a working task gives its end (§3.1.5)', async () => {
    const { task } = await send('hold');
    expect(await cancel(task)).toMatchObject({ id: task.id, status: { state: 'canceled' } });
  });

  test('of a waiting task gives its end', async () => {
    expect(await cancel(await asking())).toMatchObject({ status: { state: 'canceled' } });
  });

  test('a task whose agent is published no more', async () => {
    const task = await asking();
    const canceled = await ground.tasks.cancel(keyOf(task), undefined, AbortSignal.timeout(10_000));
    expect(canceled).toMatchObject({ status: { state: 'canceled' } });
  });

  test('of a task that never began begins it first, so that its end is recorded', async () => {
    ground.engine.outage = 'before';
    const { task } = await send('hold');
    ground.engine.outage = 'none';
    expect(await cancel(task)).toMatchObject({ status: { state: 'canceled' } });
  });

  test('of an ended task is refused, and it stays as it ended (§3.3.1)', async () => {
    const task = await settled(send('hello'));
    await expect(cancel(task)).rejects.toThrow(
      error('task_not_cancelable', { message: expect.stringContaining('completed') }),
    );
    expect(await found(task)).toEqual(task);
  });

  test('twice is refused the second time', async () => {
    const { task } = await send('hold');
    await cancel(task);
    await expect(cancel(task)).rejects.toThrow(error('task_not_cancelable'));
  });

  test('gives the task as it stands when its end does not come in time', async () => {
    const { task } = await send('hold');
    await ground.engine.idle();
    ground.engine.silent = true;
    const controller = new AbortController();
    const canceled = cancel(task, controller.signal);
    await until('it is watched', () => (ground.feed.subscriptions === 1 ? true : undefined));
    controller.abort();
    expect(await canceled).toMatchObject({ status: { state: 'working' } });
  });
});

describe('waiting', () => {
  test('gives the task as it stands when it is given up', async () => {
    const sent = await send('hold');
    await ground.engine.idle();
    const controller = new AbortController();
    const waiting = ground.tasks.settled(sent, controller.signal);
    await until('it is watched', () => (ground.feed.subscriptions === 1 ? true : undefined));
    controller.abort();
    expect((await waiting).id).toBe(sent.task.id);
    expect(ground.feed.subscriptions).toBe(0);
  });

  test('that was given up before it began ends at once', async () => {
    const sent = await send('hold');
    expect(await ground.tasks.settled(sent, AbortSignal.abort())).toEqual(sent.task);
  });

  test('ends with an interruption as with an end', async () => {
    const { task } = await send('hold');
    const waiting = settled({ task, deferred: false });
    await until('it is watched', () => (ground.feed.subscriptions === 1 ? true : undefined));
    await ground.engine.report(task.id, { state: 'auth-required', text: 'Sign in' });
    expect(await waiting).toMatchObject({
      status: { state: 'auth-required', message: { parts: [{ text: 'Sign in' }] } },
    });
  });

  test('shows every change in order and ends with the task', async () => {
    const sent = await send('hold');
    const seen: string[] = [];
    const watching = (async () => {
      for await (const change of ground.tasks.watch(sent.task, AbortSignal.timeout(10_000))) {
        seen.push(`${change.version} ${change.status?.state ?? change.artifacts[0]?.artifactId}`);
      }
    })();
    await ground.engine.report(sent.task.id, { artifacts: [{ artifactId: 'a', parts: [{ text: 'a' }] }] });
    await ground.engine.report(sent.task.id, { state: 'input-required', text: '?' });
    await ground.engine.report(sent.task.id, { state: 'completed' });
    await watching;
    expect(seen).toEqual(['1 working', '2 a', '3 input-required', '4 completed']);
  });

  test('on a task that has ended shows nothing and ends', async () => {
    const task = await settled(send('hello'));
    const watching = ground.tasks.watch(task, AbortSignal.timeout(5_000));
    expect(await watching.next()).toEqual({ done: true, value: undefined });
  });
});
