import { expect, test } from 'vitest';
import type { TaskState } from '../../src/tasks/task.ts';
import { spansOf, spentOf, type TaskMoment } from '../../src/tasks/timeline.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
const turned = (seconds: number, version: number, state: TaskState): TaskMoment => ({
  at: at(seconds),
  version,
  state,
});
const answered = (seconds: number): TaskMoment => ({ at: at(seconds), role: 'user', text: 'yes' });
const shown = (moments: TaskMoment[]) =>
  spansOf(at(0), moments).map(({ kind, from, to }) => [
    kind,
    Date.parse(from) / 1_000 - Date.parse(at(0)) / 1_000,
    to === undefined ? undefined : Date.parse(to) / 1_000 - Date.parse(at(0)) / 1_000,
  ]);

test.each<[string, TaskMoment[], unknown[]]>([
  ['nothing was heard of it', [], [['queue', 0, undefined]]],
  ['said its end at once', [turned(2, 1, 'completed')], [['run', 0, 2]]],
  ['canceled before it began', [turned(2, 1, 'canceled')], [['queue', 0, 2]]],
  [
    'queued, ran, ended',
    [turned(1, 1, 'working'), turned(2, 2, 'working'), turned(9, 3, 'failed')],
    [
      ['queue', 0, 1],
      ['run', 1, 9],
    ],
  ],
  [
    'asked twice, the second time in the step that took the first answer',
    [
      turned(1, 1, 'input-required'),
      answered(5),
      turned(6, 2, 'input-required'),
      answered(8),
      turned(9, 3, 'working'),
      turned(12, 4, 'completed'),
    ],
    [
      ['queue', 0, 1],
      ['wait', 1, 5],
      ['queue', 5, 6],
      ['wait', 6, 8],
      ['queue', 8, 9],
      ['run', 9, 12],
    ],
  ],
  [
    'waits for authorization',
    [turned(1, 1, 'working'), turned(3, 2, 'auth-required')],
    [
      ['queue', 0, 1],
      ['run', 1, 3],
      ['wait', 3, undefined],
    ],
  ],
])('%s', (_, moments, spans) => {
  expect(shown(moments)).toEqual(spans);
});

test('what was spent is all there was, and what lasts counts up to now', () => {
  const spans = spansOf(at(0), [turned(1, 1, 'working'), turned(4, 2, 'input-required')]);
  expect(spentOf(spans, at(10))).toEqual({ queue: 1_000, run: 3_000, wait: 6_000 });
});
