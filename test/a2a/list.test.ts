import { ListTasksRequest, TaskState as WireState } from '@a2a-js/sdk';
import { expect, test } from 'vitest';
import { toPage, toQuery } from '../../src/a2a/list.ts';
import type { TaskCursor, TaskQuery } from '../../src/tasks/ports.ts';

const of = { owner: 'alice', anyOwner: false, agentCode: 'echo' };
const params = (given: Partial<ListTasksRequest> = {}): ListTasksRequest => ({
  ...ListTasksRequest.fromJSON({}),
  ...given,
});

const QUERIES: [what: string, given: Partial<ListTasksRequest>, expected: Partial<TaskQuery>][] = [
  ['nothing', {}, { limit: 50 }],
  ['a page size', { pageSize: 1 }, { limit: 1 }],
  ['the largest page', { pageSize: 100 }, { limit: 100 }],
  ['a context', { contextId: 'c' }, { limit: 50, contextId: 'c' }],
  ['a state', { status: WireState.TASK_STATE_INPUT_REQUIRED }, { limit: 50, state: 'input-required' }],
  ['no state', { status: WireState.TASK_STATE_UNSPECIFIED }, { limit: 50 }],
  [
    'a time with an offset',
    { statusTimestampAfter: '2026-01-01T02:00:00+02:00' },
    { limit: 50, updatedAfter: '2026-01-01T00:00:00.000Z' },
  ],
];

test.each(QUERIES)('ListTasks with %s (§3.1.4)', (_what, given, expected) => {
  expect(toQuery(params(given), of)).toEqual({ ...of, ...expected });
});

const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

const REFUSED: [what: string, given: Partial<ListTasksRequest>, field: string][] = [
  ['an empty page', { pageSize: 0 }, 'pageSize'],
  ['too large a page', { pageSize: 101 }, 'pageSize'],
  ['a negative page', { pageSize: -1 }, 'pageSize'],
  ['a negative history', { historyLength: -1 }, 'historyLength'],
  ['no time', { statusTimestampAfter: 'yesterday' }, 'statusTimestampAfter'],
  ['a time without its zone', { statusTimestampAfter: '2026-11-21T16:00:00' }, 'statusTimestampAfter'],
  ['a number as a time', { statusTimestampAfter: '1' }, 'statusTimestampAfter'],
  ['a year before the first', { statusTimestampAfter: '0000-01-01T00:00:00Z' }, 'statusTimestampAfter'],
  ['a year after the last', { statusTimestampAfter: '+275760-09-13T00:00:00Z' }, 'statusTimestampAfter'],
  ['a token with such a year', { pageToken: token(['+275760-09-13T00:00:00.000Z', ID]) }, 'pageToken'],
  ['no token', { pageToken: 'next' }, 'pageToken'],
  ['a token that is no list', { pageToken: token({ a: 1 }) }, 'pageToken'],
  ['a token of null', { pageToken: token(null) }, 'pageToken'],
  [
    'a token with another id',
    { pageToken: token(['2026-01-01T00:00:00.000Z', '-'.repeat(36)]) },
    'pageToken',
  ],
  ['a token with no time', { pageToken: token(['1', ID]) }, 'pageToken'],
  ['a token with a number', { pageToken: token([1, ID]) }, 'pageToken'],
  ['a token with SQL', { pageToken: token(["2026-01-01T00:00:00.000Z'; --", ID]) }, 'pageToken'],
];

test.each(REFUSED)('ListTasks is refused with %s, naming the field', (_what, given, field) => {
  expect(() => toQuery(params(given), of)).toThrow(
    expect.objectContaining({ code: 'invalid_params', field }),
  );
});

test('a page’s token leads to the next page', () => {
  const next: TaskCursor = { statusAt: '2026-01-01T00:00:00.123Z', id: ID };
  const page = toPage({ tasks: [], total: 7, next }, params(), 2);
  expect(page).toMatchObject({ totalSize: 7, pageSize: 2, tasks: [] });
  expect(toQuery(params({ pageToken: page.nextPageToken }), of).cursor).toEqual(next);
});

test('the last page has an empty token', () => {
  expect(toPage({ tasks: [], total: 0 }, params(), 50).nextPageToken).toBe('');
});

test('artifacts are left out unless asked for, and history as long as asked for (§3.1.4)', () => {
  const task = {
    id: ID,
    agentCode: 'echo',
    contextId: 'c',
    owner: 'alice',
    status: { state: 'completed' as const, at: '2026-01-01T00:00:00.000Z' },
    version: 1,
    artifacts: [{ artifactId: 'a', parts: [{ text: 'a' }] }],
    history: ['1', '2', '3'].map((messageId) => ({
      messageId,
      role: 'user' as const,
      parts: [{ text: messageId }],
    })),
    metadata: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
  const shown = (given: Partial<ListTasksRequest>) => {
    const [first] = toPage({ tasks: [task], total: 1 }, params(given), 50).tasks;
    return [first?.artifacts.length, first?.history.map(({ messageId }) => messageId)];
  };
  expect(shown({})).toEqual([0, ['1', '2', '3']]);
  expect(shown({ includeArtifacts: true, historyLength: 2 })).toEqual([1, ['2', '3']]);
  expect(shown({ historyLength: 0 })).toEqual([0, []]);
});
