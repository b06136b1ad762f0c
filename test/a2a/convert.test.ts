import { Message as MessageCodec, Role, Task as TaskCodec, TaskState as WireState } from '@a2a-js/sdk';
import { describe, expect, test } from 'vitest';
import {
  eventsOf,
  messageFromWire,
  shownId,
  stateFromWire,
  taskEvent,
  taskToWire,
} from '../../src/a2a/convert.ts';
import { type Part, TASK_STATES, type Task, type TaskChange } from '../../src/tasks/task.ts';

const AT = '2026-01-01T00:00:00.000Z';

const task = (given: Partial<Task> = {}): Task => ({
  id: 'task-id',
  agentCode: 'echo',
  contextId: 'context',
  owner: 'alice',
  status: { state: 'working', at: AT },
  version: 1,
  artifacts: [],
  history: [],
  metadata: {},
  createdAt: AT,
  updatedAt: AT,
  ...given,
});

/** As it goes over the wire in v1.0. */
const json = (given: Task, view = {}) => TaskCodec.toJSON(taskToWire(given, view)) as Record<string, unknown>;

test.each(TASK_STATES)('state %s is one of v1.0 and comes back (§4.1.3)', (state) => {
  const wire = taskToWire(task({ status: { state, at: AT } }));
  expect(stateFromWire(wire.status?.state as WireState)).toBe(state);
  expect(json(task({ status: { state, at: AT } })).status).toEqual({
    state: `TASK_STATE_${state.toUpperCase().replace('-', '_')}`,
    timestamp: AT,
  });
});

test('no state is none', () => {
  expect(stateFromWire(WireState.TASK_STATE_UNSPECIFIED)).toBeUndefined();
});

const PARTS: [part: Part, wire: Record<string, unknown>][] = [
  [{ text: 'a' }, { text: 'a' }],
  [{ text: '' }, { text: '' }],
  [{ data: { a: [1, null] } }, { data: { a: [1, null] } }],
  [{ data: false }, { data: false }],
  [
    { url: 'https://x/a.pdf', filename: 'a.pdf', mediaType: 'application/pdf' },
    { url: 'https://x/a.pdf', filename: 'a.pdf', mediaType: 'application/pdf' },
  ],
  [{ raw: 'AP8=' }, { raw: 'AP8=' }],
  [
    { text: 'a', metadata: { m: { n: null } } },
    { text: 'a', metadata: { m: { n: null } } },
  ],
];

test.each(PARTS)('part %j goes over the wire and comes back (§4.1.6)', (part, wire) => {
  const message = { messageId: 'm', role: 'user' as const, parts: [part] };
  const shown = json(task({ history: [message] })).history as { parts: unknown[] }[];
  expect(shown[0]?.parts).toEqual([wire]);
  const back = messageFromWire(MessageCodec.fromJSON({ messageId: 'm', role: 'ROLE_USER', parts: [wire] }));
  expect(back).toEqual(message);
});

test('data that is null goes out as it is; coming in, the SDK reads it as absent', () => {
  const message = { messageId: 'm', role: 'agent' as const, parts: [{ data: null }] };
  expect(json(task({ history: [message] })).history).toMatchObject([{ parts: [{ data: null }] }]);
  const back = MessageCodec.fromJSON({ messageId: 'm', role: 'ROLE_USER', parts: [{ data: null }] });
  expect(messageFromWire(back).parts).toEqual([{}]);
});

describe('a message from the wire', () => {
  const wire = (given: object) =>
    MessageCodec.fromJSON({ messageId: 'm', role: 'ROLE_USER', parts: [], ...given });

  test('keeps metadata, extensions and references, and nothing that is empty', () => {
    expect(
      messageFromWire(
        wire({ metadata: { a: 1 }, extensions: ['e'], referenceTaskIds: ['t'], contextId: 'c' }),
      ),
    ).toEqual({
      messageId: 'm',
      role: 'user',
      parts: [],
      metadata: { a: 1 },
      extensions: ['e'],
      referenceTaskIds: ['t'],
    });
    expect(messageFromWire(wire({}))).toEqual({ messageId: 'm', role: 'user', parts: [] });
  });

  test('must be there and be the user’s', () => {
    expect(() => messageFromWire(undefined)).toThrow(expect.objectContaining({ field: 'message' }));
    for (const role of [Role.ROLE_AGENT, Role.ROLE_UNSPECIFIED]) {
      expect(() => messageFromWire({ ...wire({}), role })).toThrow(
        expect.objectContaining({ code: 'invalid_params', field: 'message.role' }),
      );
    }
  });
});

describe('a task on the wire', () => {
  const history = ['1', '2', '3'].map((messageId) => ({
    messageId,
    role: 'user' as const,
    parts: [{ text: 'x' }],
  }));

  test.each([
    [undefined, ['1', '2', '3']],
    [0, []],
    [1, ['3']],
    [3, ['1', '2', '3']],
    [9, ['1', '2', '3']],
  ])('historyLength %s shows the newest (§3.2.4)', (historyLength, ids) => {
    const wire = taskToWire(task({ history }), { historyLength });
    expect(wire.history.map(({ messageId }) => messageId)).toEqual(ids);
  });

  test('shows the id its client chose, everywhere', () => {
    const named = task({
      alias: 'mine',
      history,
      status: { state: 'completed', at: AT, message: history[0] as never },
    });
    expect(shownId(named)).toBe('mine');
    const wire = taskToWire(named);
    expect([wire.id, wire.status?.message?.taskId, ...wire.history.map(({ taskId }) => taskId)]).toEqual(
      Array.from({ length: 5 }, () => 'mine'),
    );
  });

  test('leaves empty metadata out, and artifacts when told to', () => {
    const given = task({ artifacts: [{ artifactId: 'a', parts: [{ text: 'a' }] }] });
    expect(taskToWire(given).metadata).toBeUndefined();
    expect(taskToWire(task({ metadata: { a: 1 } })).metadata).toEqual({ a: 1 });
    expect(taskToWire(given).artifacts).toHaveLength(1);
    expect(taskToWire(given, { artifacts: false }).artifacts).toEqual([]);
  });

  test('shows nothing of its owner and its agent', () => {
    expect(Object.keys(json(task({ history }))).sort()).toEqual(['contextId', 'history', 'id', 'status']);
  });
});

describe('the events of a change (§3.1.2)', () => {
  const change = (given: Partial<TaskChange>): TaskChange => ({
    taskId: 'task-id',
    version: 2,
    at: AT,
    artifacts: [],
    messages: [],
    ...given,
  });
  const artifact = (artifactId: string) => ({ artifactId, parts: [{ text: artifactId }] });

  test('are its artifacts, each whole, then its status', () => {
    const events = eventsOf(
      change({ artifacts: [artifact('a'), artifact('b')], status: { state: 'completed', at: AT } }),
      task({ alias: 'mine' }),
    );
    expect(events.map(({ payload }) => payload)).toMatchObject([
      {
        $case: 'artifactUpdate',
        value: { taskId: 'mine', append: false, lastChunk: true, artifact: { artifactId: 'a' } },
      },
      { $case: 'artifactUpdate', value: { contextId: 'context', artifact: { artifactId: 'b' } } },
      {
        $case: 'statusUpdate',
        value: { taskId: 'mine', status: { state: WireState.TASK_STATE_COMPLETED, timestamp: AT } },
      },
    ]);
  });

  test('a reply is a message of the context and of no task (§3.1.1)', () => {
    const message = { messageId: 'r', role: 'agent' as const, parts: [{ text: 'hi' }] };
    const events = eventsOf(change({ status: { state: 'completed', message, reply: true, at: AT } }), task());
    expect(events).toMatchObject([
      { payload: { $case: 'message', value: { messageId: 'r', contextId: 'context', taskId: '' } } },
    ]);
  });

  test('are none for a change of messages alone', () => {
    expect(eventsOf(change({}), task())).toEqual([]);
  });

  test('a snapshot is the whole task', () => {
    expect(taskEvent(task(), {})).toMatchObject({ payload: { $case: 'task', value: { id: 'task-id' } } });
  });
});
