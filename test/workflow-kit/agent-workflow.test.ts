import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MESSAGE_UPDATE, type Seen, SNAPSHOT_QUERY } from '../../src/tasks/contract.ts';
import type { Message, Task } from '../../src/tasks/task.ts';
import { userMessageOf } from '../support/tasks.ts';
import { until } from '../support/until.ts';
import { notes } from './fixtures/notes.ts';
import { KitHost, type WorkflowName } from './kit-host.ts';

let host: KitHost;

beforeAll(async () => {
  host = await KitHost.start();
});

afterEach(() => {
  host.away = false;
  host.losesAnswers = false;
});

afterAll(() => host.stop());

const textOf = (message: Message | undefined): string | undefined => message?.parts[0]?.text;
const saidIn = (task: Task): (string | undefined)[] => task.history.map(textOf);
const dataOf = (task: Task, name: string): unknown =>
  task.artifacts.find((artifact) => artifact.name === name)?.parts[0]?.data;

const asking = async (name: WorkflowName): Promise<Task> => {
  const task = await host.run(name);
  expect(task.status.state).toBe('input-required');
  return task;
};

describe('what the author returns', () => {
  test('text becomes the final message', async () => {
    const task = await host.run('returnsText', 'good day');
    expect(task.status).toMatchObject({ state: 'completed', message: { role: 'agent' } });
    expect(saidIn(task)).toEqual(['good day', 'you said good day']);
    expect(task.artifacts).toEqual([]);
  });

  test('empty text is a message too', async () => {
    expect(textOf((await host.run('returnsEmptyText')).status.message)).toBe('');
  });

  test.each([
    ['returnsObject', { z: 1, a: [null, true, 'x'] }],
    ['returnsFalse', false],
  ] as const)('%s: any other value becomes the artifact `result`', async (name, data) => {
    const task = await host.run(name);
    expect(task.status.state).toBe('completed');
    expect(task.artifacts).toEqual([{ artifactId: 'result', name: 'result', parts: [{ data }] }]);
  });

  test.each(['returnsNothing', 'returnsNull'] as const)('%s: nothing leaves nothing', async (name) => {
    const task = await host.run(name);
    expect(task.status).not.toHaveProperty('message');
    expect([task.status.state, task.artifacts, saidIn(task)]).toEqual(['completed', [], ['hello']]);
  });

  test.each(['returnsBigInt', 'saysCircle'] as const)(
    '%s: what is no JSON fails the task and says why',
    async (name) => {
      const task = await host.run(name);
      expect(task.status.state).toBe('failed');
      expect(textOf(task.status.message)).toMatch(/bigint|circular/i);
    },
  );

  test('reaches the end of its workflow too', async () => {
    const task = await host.run('returnsText');
    await expect(host.workflow(task).result()).resolves.toBeUndefined();
    await expect(host.workflow(task).query(SNAPSHOT_QUERY)).resolves.toMatchObject({ state: 'completed' });
  });
});

test('the author sees the message, its data, its metadata and the history', async () => {
  const message = userMessageOf('', {
    parts: [{ text: 'a' }, { data: { n: 1 } }, { text: 'b' }],
    metadata: { lang: 'en' },
  });
  const task = await host.settled(host.send('showsInput', message));
  expect(dataOf(task, 'result')).toEqual({
    id: task.id,
    contextId: task.contextId,
    text: 'a\nb',
    data: { n: 1 },
    metadata: { lang: 'en' },
    parts: 3,
    history: 1,
  });
});

describe('what the author throws ends the task as failed, with a message that helps', () => {
  test.each([
    ['throwsError', 'the sum is not a number'],
    ['throwsLater', 'try it tomorrow'],
    ['throwsText', 'just so'],
    ['throwsNothing', 'Failed without a message'],
    ['stepBreaks', 'the printer is on fire'],
    ['stepRefuses', 'no paper of this size'],
    ['stepTimesOut', 'Step hangs timed out'],
    ['artifactWithoutContent', 'artifact empty: give text, data or parts'],
    ['asksAtOnce', 'task.ask: another question still waits for its answer'],
  ] as const)('%s: %s', async (name, message) => {
    const sent = await host.send(name, 'go');
    const task = await until('it ends', async () => {
      const now = await host.get(sent.task);
      return now.status.state === 'failed' ? now : undefined;
    });
    expect(textOf(task.status.message)).toBe(message);
    expect(saidIn(task).at(-1)).toBe(message);
    // In Temporal too, once and for all: it is not tried again.
    const failed = await host
      .workflow(task)
      .result()
      .catch((error) => error);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect(failed.cause).toMatchObject({ message, nonRetryable: true });
  });
});

describe('reject', () => {
  test('ends the task as rejected with the reason and what was made before', async () => {
    const task = await host.run('rejects');
    expect(task.status.state).toBe('rejected');
    expect(textOf(task.status.message)).toBe('the form is not signed');
    expect(task.artifacts.map(({ name }) => name)).toEqual(['form']);
    await expect(host.workflow(task).result()).resolves.toBeUndefined();
  });

  test('holds whatever the author’s code does around it', async () => {
    const task = await host.run('rejectsInside');
    expect(task.status.state).toBe('rejected');
    expect(saidIn(task)).toEqual(['hello', 'not with me']);
  });
});

describe('ask', () => {
  test('shows the question, takes the answer, goes on (§3.4.3)', async () => {
    const task = await asking('asks');
    expect(task.status.message?.parts).toEqual([
      { text: 'Which color?' },
      { data: { choices: ['red', 'blue'] } },
    ]);
    const answer = userMessageOf('blue', { metadata: { by: 'me' } });
    const done = await host.settled(host.send('asks', answer, { taskId: task.id }));
    expect(done).toMatchObject({ id: task.id, status: { state: 'completed' } });
    expect(saidIn(done)).toEqual(['hello', 'Which color?', 'blue', 'blue {"by":"me"} 3']);
  });

  test('twice asks two questions', async () => {
    const first = await asking('asksTwice');
    const second = await host.settled(host.send('asksTwice', 'one', { taskId: first.id }));
    expect(textOf(second.status.message)).toBe('Second?');
    const done = await host.settled(host.send('asksTwice', 'two', { taskId: first.id }));
    expect(textOf(done.status.message)).toBe('one, two');
  });

  test('for an authorization waits as auth-required (§4.1.3)', async () => {
    const task = await host.run('asksForSignIn');
    expect(task.status.state).toBe('auth-required');
    const done = await host.settled(host.send('asksForSignIn', 'done', { taskId: task.id }));
    expect(textOf(done.status.message)).toBe('signed in');
  });

  test('gives up when its time is up', async () => {
    const task = await asking('asksBriefly');
    const done = await until('it goes on', async () => {
      const now = await host.get(task);
      return now.status.state === 'completed' ? now : undefined;
    });
    expect(saidIn(done)).toEqual(['hello', 'Quick?', 'nobody answered']);
  });

  const answerTo = (task: Task, message: Message, seen?: Seen) =>
    host.workflow(task).executeUpdate<void, [Message, Seen | undefined]>(MESSAGE_UPDATE, {
      args: [message, seen],
      updateId: message.messageId,
    });

  const refusal = (text: RegExp) =>
    expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(text) }) });

  test('answered once refuses a second answer, and a repeated one is the first', async () => {
    const task = await asking('asksTwice');
    const first = userMessageOf('one');
    await Promise.all([answerTo(task, first), answerTo(task, first), answerTo(task, first)]);
    await until('the second question', async () => {
      const now = await host.get(task);
      return textOf(now.status.message) === 'Second?' || undefined;
    });
    await answerTo(task, first);
    await answerTo(task, userMessageOf('two'));
    const done = await until('its end', async () => {
      const now = await host.get(task);
      return now.status.state === 'completed' ? now : undefined;
    });
    expect(textOf(done.status.message)).toBe('one, two');
  });

  test('refuses an answer to another question, and waits on', async () => {
    const task = await asking('asks');
    const wrong = userMessageOf('blue', { metadata: { inReplyTo: 'another' } });
    await expect(answerTo(task, wrong)).rejects.toThrow(refusal(/no longer waits for an answer to this/));
    await expect(host.send('asks', wrong, { taskId: task.id })).rejects.toThrow(/no longer waits/);
    expect(await host.get(task)).toEqual(task);
    const metadata = { inReplyTo: task.status.message?.messageId ?? '' };
    const right = userMessageOf('red', { metadata });
    expect((await host.settled(host.send('asks', right, { taskId: task.id }))).status.state).toBe(
      'completed',
    );
  });

  test('refuses a message while nothing is asked', async () => {
    const { task } = await host.send('sleeps', 'x');
    await until('it works', async () => ((await host.get(task)).version > 0 ? true : undefined));
    await expect(answerTo(task, userMessageOf('y'))).rejects.toThrow(refusal(/does not wait for a message/));
    await host.cancel(await host.get(task));
  });

  test('of two answers in one workflow task exactly one is taken', async () => {
    await host.work(['interrupted'], { runActivities: false });
    const { task } = await host.send('asks', 'x', { taskQueue: 'interrupted' });
    const asked = await until('the question', async () => {
      const now = await host.get(task);
      return now.status.state === 'input-required' ? now : undefined;
    });
    await host.rest('last');
    // Nobody works on it: both wait for the same workflow task.
    const answers = ['red', 'blue'].map((text) => answerTo(asked, userMessageOf(text)));
    const outcomes = Promise.allSettled(answers);
    await host.work(['interrupted'], { runActivities: false });
    const taken = (await outcomes).filter(({ status }) => status === 'fulfilled');
    expect(taken).toHaveLength(1);
    const done = await until('its end', async () => {
      const now = await host.get(task);
      return now.status.state === 'completed' ? now : undefined;
    });
    expect(textOf(done.status.message)).toMatch(/^(red|blue) \{\} 3$/);
    await host.rest('last');
  });

  test('an answer to a question on record waits for a workflow that has yet to ask it again', async () => {
    const { task } = await host.send('asks', 'x', { taskQueue: 'behind' });
    const { runId } = await host.workflow(task).describe();
    // As after a workflow task that was lost with its server, once its report was on record.
    const answer = answerTo(task, userMessageOf('red'), { runId, sequence: 7 });
    const outcome = answer.then(
      () => 'taken',
      (error: Error) => error.cause,
    );
    await host.work(['behind'], { runActivities: false });
    expect(await outcome).toBe('taken');
    await until('its end', async () => {
      const now = await host.get(task);
      return now.status.state === 'completed' ? now : undefined;
    });
    expect(host.reportsOf(task).at(-1)?.sequence).toBeGreaterThan(7);
    await host.rest('last');
  });
});

describe('cancel', () => {
  test('ends the task as canceled, in Temporal too (§3.1.5)', async () => {
    const task = await host.cancel(await asking('asks'));
    expect(task.status.state).toBe('canceled');
    expect(textOf(task.status.message)).toMatch(/canceled/i);
    const ended = await host
      .workflow(task)
      .result()
      .catch((error) => error);
    expect(ended).toMatchObject({ cause: expect.any(CancelledFailure) });
  });

  test('comes after the author’s clean-up', async () => {
    const asked = await asking('cleansUp');
    const task = await host.cancel(asked);
    expect(task.status.state).toBe('canceled');
    expect(notes).toContain(`put back ${task.id}`);
    expect(task.artifacts.map(({ name }) => name)).toEqual(['bill']);
    const texts = host.reportsOf(task).map(({ status }) => textOf(status?.message));
    expect(texts).toContain('putting things back');
  });

  test('holds also when the author catches it and goes on', async () => {
    const task = await host.cancel(await asking('catchesCancellation'));
    expect(task.status.state).toBe('canceled');
    expect(saidIn(task)).not.toContain('I went on');
  });

  test('during which the author’s clean-up breaks is a failure with its message', async () => {
    const task = await host.cancel(await asking('breaksInCleanUp'));
    expect(task.status.state).toBe('failed');
    expect(textOf(task.status.message)).toBe('it cannot be put back');
  });

  test('ends a workflow that only sleeps', async () => {
    const { task } = await host.send('sleeps', 'x');
    expect((await host.cancel(task)).status.state).toBe('canceled');
  });
});

describe('reports', () => {
  test('of one step are one: the last status stands', async () => {
    const task = await host.run('manyStatuses');
    const texts = host.reportsOf(task).map(({ status }) => textOf(status?.message));
    expect(texts).toEqual(['100 of 100', 'again 100', undefined]);
    expect(task.version).toBe(3);
    // Progress is no part of the conversation.
    expect(saidIn(task)).toEqual(['hello']);
  });

  test('hold each artifact once, with the step that made it', async () => {
    const task = await host.run('artifacts');
    const written = host
      .reportsOf(task)
      .map(({ artifacts }) => artifacts.map(({ artifactId, parts }) => [artifactId, parts[0]]));
    expect(written).toEqual([
      [
        ['b', { data: { b: 1 } }],
        ['a', { text: 'a2' }],
      ],
      [],
      [['b', { data: { b: 2 } }]],
      [],
    ]);
    expect(task.artifacts.map(({ name }) => name)).toEqual(['b, once more', 'a']);
  });

  test('are numbered from 1 within a run', async () => {
    const task = await host.run('counts');
    const reports = host.reportsOf(task);
    expect(reports.map(({ sequence }) => sequence)).toEqual(reports.map((_, index) => index + 1));
    expect(new Set(reports.map(({ runId }) => runId)).size).toBe(1);
  });

  test('are local while the record answers: history holds no activity of ours', async () => {
    expect(await host.scheduled(await host.run('counts'))).not.toContain('projectChange');
  });

  test('go on as an ordinary activity while the record is away: none is lost, all in order', async () => {
    host.away = true;
    const { task } = await host.send('counts', 'x');
    await until('the ordinary activity', async () =>
      (await host.scheduled(task)).includes('projectChange') ? true : undefined,
    );
    // The author's code is not held meanwhile: it comes to its end with one activity waiting.
    await until('the author is done', async () => {
      const view = await host.workflow(task).query<{ state: string }>(SNAPSHOT_QUERY);
      return view.state === 'completed' ? true : undefined;
    });
    expect(host.reportsOf(task)).toEqual([]);
    expect((await host.scheduled(task)).filter((type) => type === 'projectChange')).toHaveLength(1);
    host.away = false;
    const done = await host.settled({ task, deferred: false });
    expect(done.status.state).toBe('completed');
    expect(done.artifacts.map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, index) => `number ${index + 1}`),
    );
    expect(saidIn(done)).toEqual(['x', 'counted']);
    const sequences = host.reportsOf(task).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  });
});

describe('call', () => {
  test.each([
    ['callsText', { state: 'completed', text: 'you said paint it', artifacts: [] }],
    ['callsObject', { state: 'completed', text: '', artifacts: ['result'] }],
  ] as const)('%s gives the called task’s state, text and artifacts', async (name, expected) => {
    const task = await host.run(name, 'paint it');
    expect(dataOf(task, 'result')).toMatchObject(expected);
  });

  test('is a task of the same caller, with the parts that were said', async () => {
    const task = await host.run('callsText', 'look at me');
    const { taskId } = dataOf(task, 'result') as { taskId: string };
    const called = (await host.tasksOf('returnsText')).find(({ id }) => id === taskId);
    expect(called?.history[0]).toMatchObject({
      role: 'user',
      parts: [{ text: 'look at me' }, { data: { asked: true } }],
    });
  });

  test.each([
    ['callsFailing', 'Agent throws-error failed: the sum is not a number'],
    ['callsNobody', 'There is no agent nobody'],
  ] as const)('%s fails with the reason', async (name, message) => {
    const task = await host.run(name);
    expect([task.status.state, textOf(task.status.message)]).toEqual(['failed', message]);
  });

  test('answers the called task’s question', async () => {
    const task = await host.run('talks');
    expect(textOf(task.status.message)).toBe('input-required: Which color? completed: blue {} 3');
  });

  test('canceled cancels the called task', async () => {
    const { task } = await host.send('callsSleeper', 'x');
    const called = await until('the call', async () => {
      const [newest] = await host.tasksOf('sleeps');
      return newest?.status.state === 'working' ? newest : undefined;
    });
    expect((await host.cancel(await host.get(task))).status.state).toBe('canceled');
    expect((await host.get(called)).status.state).toBe('canceled');
  });

  test('whose answer is lost finds the same task', async () => {
    const before = (await host.tasksOf('returnsText')).length;
    host.losesAnswers = true;
    const task = await host.run('callsText', 'once');
    expect(dataOf(task, 'result')).toMatchObject({ state: 'completed', text: 'you said once' });
    expect(await host.tasksOf('returnsText')).toHaveLength(before + 1);
  });
});
