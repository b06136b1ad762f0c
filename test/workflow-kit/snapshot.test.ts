import { describe, expect, test } from 'vitest';
import type { Projection } from '../../src/tasks/contract.ts';
import type { Artifact, Message } from '../../src/tasks/task.ts';
import { Snapshot } from '../../src/workflow-kit/snapshot.ts';

const message = (text: string): Message => ({ messageId: text, role: 'agent', parts: [{ text }] });
const artifact = (artifactId: string, text: string): Artifact => ({ artifactId, parts: [{ text }] });

const REPORTS: [promise: string, happens: (snapshot: Snapshot) => void, report: Partial<Projection>][] = [
  ['a status alone', (s) => s.status('working'), { status: { state: 'working' } }],
  [
    'the last of several statuses',
    (s) => {
      s.status('working', message('1'));
      s.status('working', message('2'));
    },
    { status: { state: 'working', message: message('2') } },
  ],
  [
    'a status without a message takes the last one’s away',
    (s) => {
      s.status('working', message('1'));
      s.status('working');
    },
    { status: { state: 'working' } },
  ],
  [
    'no status after the end, and no other end',
    (s) => {
      s.status('completed');
      s.status('working', message('late'));
      s.status('failed');
    },
    { status: { state: 'completed' } },
  ],
  [
    'an artifact written twice, once, behind those written before',
    (s) => {
      s.artifact(artifact('a', '1'));
      s.artifact(artifact('b', '1'));
      s.artifact(artifact('a', '2'));
    },
    { artifacts: [artifact('b', '1'), artifact('a', '2')] },
  ],
  [
    'all that was said, in order',
    (s) => {
      s.say(message('1'));
      s.say(message('2'));
    },
    { messages: [message('1'), message('2')] },
  ],
  ['the follow-ups taken', (s) => s.applied('m1'), { applied: ['m1'] }],
];

test.each(REPORTS)('a report holds %s', (_promise, happens, report) => {
  const snapshot = new Snapshot();
  expect(snapshot.dirty).toBe(false);
  happens(snapshot);
  expect(snapshot.dirty).toBe(true);
  expect(snapshot.take('task', 'run')).toEqual({
    taskId: 'task',
    runId: 'run',
    sequence: 1,
    artifacts: [],
    messages: [],
    applied: [],
    ...report,
  });
  expect(snapshot.dirty).toBe(false);
});

test('each report holds only what came since the last one, and counts on', () => {
  const snapshot = new Snapshot();
  snapshot.status('working', message('1'));
  const first = snapshot.take('task', 'run');
  snapshot.artifact(artifact('a', '1'));
  const second = snapshot.take('task', 'run');
  expect([first.sequence, second.sequence]).toEqual([1, 2]);
  expect(second).not.toHaveProperty('status');
  // A report taken is not changed by what happens after.
  snapshot.artifact(artifact('b', '1'));
  snapshot.say(message('2'));
  expect(second.artifacts).toEqual([artifact('a', '1')]);
  expect(first.messages).toEqual([]);
});

test('the view is the status as it is, reported or not', () => {
  const snapshot = new Snapshot();
  expect(snapshot.view).toEqual({ state: 'submitted', message: undefined, sequence: 0 });
  snapshot.status('input-required', message('?'));
  expect(snapshot.view).toEqual({ state: 'input-required', message: message('?'), sequence: 0 });
  snapshot.take('task', 'run');
  expect(snapshot.view).toEqual({ state: 'input-required', message: message('?'), sequence: 1 });
});

describe('where a plain reply may be given', () => {
  const silent = () => {
    const snapshot = new Snapshot({ mayReply: true });
    snapshot.begin();
    return snapshot;
  };

  test('that the work has begun is not worth a report', () => {
    expect(silent().dirty).toBe(false);
  });

  test('a reply is the whole report', () => {
    const snapshot = silent();
    snapshot.reply(message('hi'));
    expect(snapshot.view).toMatchObject({ state: 'completed', reply: true });
    expect(snapshot.take('task', 'run')).toMatchObject({
      status: { state: 'completed', message: message('hi'), reply: true },
      messages: [],
    });
  });

  test.each<[what: string, says: (snapshot: Snapshot) => void]>([
    ['a status', (s) => s.status('working', message('1'))],
    ['an artifact', (s) => s.artifact(artifact('a', '1'))],
    ['a question', (s) => s.status('input-required', message('?'))],
  ])('after %s it is the end of a task', (_what, says) => {
    const snapshot = silent();
    says(snapshot);
    expect(snapshot.dirty).toBe(true);
    snapshot.reply(message('hi'));
    const { status, messages } = snapshot.take('task', 'run');
    expect(status).toEqual({ state: 'completed', message: message('hi') });
    expect(messages).toEqual([message('hi')]);
  });
});

test('where none may be given, a reply is the end of a task', () => {
  const snapshot = new Snapshot();
  snapshot.begin();
  snapshot.reply(message('hi'));
  expect(snapshot.take('task', 'run').status).toEqual({ state: 'completed', message: message('hi') });
});
