import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/a2a/call.ts';
import {
  blockingOf,
  dialectOf,
  forOlderReaders,
  isSend,
  modernized,
  opensStream,
  type RpcRequest,
  returnsImmediately,
  versionOf,
  withPartKinds,
} from '../../src/a2a/dialects.ts';

const request = (method: string, params?: unknown): RpcRequest => ({ jsonrpc: '2.0', id: 7, method, params });

test.each([
  [undefined, undefined],
  ['', undefined],
  ['  ', undefined],
  ['1.0', '1.0'],
  [' 1.0 ', '1.0'],
  ['1.0.3', '1.0'],
  ['0.3', '0.3'],
  ['0.3.0', '0.3'],
] as const)('A2A-Version %j is %j (§3.6)', (named, version) => {
  expect(versionOf(named)).toBe(version);
});

test.each(['2.0', '0.2', '1', '1.', 'v1.0', '1.0-beta', '1.0.0.0', '１.０'])(
  'A2A-Version %j is not supported, and the answer names it (§3.6)',
  (named) => {
    expect(() => versionOf(named)).toThrow(named);
  },
);

const DIALECTS: [
  method: string,
  none: Dialect | undefined,
  v03: Dialect | undefined,
  v1: Dialect | undefined,
][] = [
  ['SendMessage', '1.0', undefined, '1.0'],
  ['SendStreamingMessage', '1.0', undefined, '1.0'],
  ['GetTask', '1.0', undefined, '1.0'],
  ['ListTasks', '1.0', undefined, '1.0'],
  ['CancelTask', '1.0', undefined, '1.0'],
  ['SubscribeToTask', '1.0', undefined, '1.0'],
  ['message/send', '0.3', '0.3', undefined],
  ['message/stream', '0.3', '0.3', undefined],
  ['tasks/get', '0.3', '0.3', undefined],
  ['tasks/cancel', '0.3', '0.3', undefined],
  ['tasks/resubscribe', '0.3', '0.3', undefined],
  ['agent/getAuthenticatedExtendedCard', '0.3', '0.3', undefined],
  ['tasks/send', '0.1', '0.1', undefined],
  ['tasks/sendSubscribe', '0.1', '0.1', undefined],
  ['tasks/pushNotification/set', '0.1', '0.1', undefined],
  ['sendMessage', undefined, undefined, undefined],
  ['toString', undefined, undefined, undefined],
  ['__proto__', undefined, undefined, undefined],
  ['', undefined, undefined, undefined],
];

test.each(DIALECTS)('%j is known to the versions that have it', (method, none, v03, v1) => {
  expect([dialectOf(method, undefined), dialectOf(method, '0.3'), dialectOf(method, '1.0')]).toEqual([
    none,
    v03,
    v1,
  ]);
});

test('the methods that send, and those that stream', () => {
  const methods = DIALECTS.map(([method]) => method);
  expect(methods.filter(isSend)).toEqual([
    'SendMessage',
    'SendStreamingMessage',
    'message/send',
    'message/stream',
    'tasks/send',
    'tasks/sendSubscribe',
  ]);
  expect(methods.filter(opensStream)).toEqual([
    'SendStreamingMessage',
    'SubscribeToTask',
    'message/stream',
    'tasks/resubscribe',
    'tasks/sendSubscribe',
  ]);
});

describe('tasks/send', () => {
  const message = { role: 'user', parts: [{ type: 'text', text: 'hi' }], messageId: 'm' };

  test('is message/send with the client’s task id as an alias', () => {
    expect(
      modernized(
        request('tasks/send', {
          id: 'my-task',
          sessionId: 's',
          message,
          historyLength: 3,
          metadata: { k: 1 },
        }),
      ),
    ).toEqual({
      alias: 'my-task',
      request: request('message/send', {
        message: {
          contextId: 's',
          kind: 'message',
          messageId: 'm',
          role: 'user',
          parts: [{ kind: 'text', type: 'text', text: 'hi' }],
        },
        configuration: { historyLength: 3 },
        metadata: { k: 1 },
      }),
    });
  });

  test.each([
    ['sessionId', { sessionId: 's' }, 's'],
    ['contextId', { contextId: 'c' }, 'c'],
    ['both: the older name', { sessionId: 's', contextId: 'c' }, 's'],
    ['neither', {}, undefined],
  ])('context by %s', (_what, given, contextId) => {
    const { request: modern } = modernized(request('tasks/send', { message, ...given }));
    const params = modern.params as { message: { contextId?: string } };
    expect(params.message.contextId).toBe(contextId);
  });

  test('without a message id gets one, another each time', () => {
    const idOf = () => {
      const { request: modern } = modernized(
        request('tasks/send', { message: { ...message, messageId: undefined } }),
      );
      return (modern.params as { message: { messageId: string } }).message.messageId;
    };
    expect(idOf()).toMatch(/^[0-9a-f-]{36}$/);
    expect(idOf()).not.toBe(idOf());
  });

  test.each([
    ['', undefined],
    [null, undefined],
    ['t', 't'],
  ])('id %j', (id, alias) => {
    expect(modernized(request('tasks/send', { id, message })).alias).toBe(alias);
  });

  test('an id that is no string is refused, by its name', () => {
    const params = { id: 5, message: { role: 'user', parts: [] } };
    expect(() => modernized({ jsonrpc: '2.0', method: 'tasks/send', params })).toThrow(
      'id: must be a string',
    );
  });

  test.each([undefined, [], 'x', { message: null }, { message: 'x' }, { message: { parts: 'x' } }])(
    'with params %j is passed on to be refused',
    (params) => {
      expect(modernized(request('tasks/send', params)).request.method).toBe('message/send');
    },
  );

  test('a push configuration goes along', () => {
    const push = { url: 'https://x' };
    expect(
      modernized(request('tasks/send', { message, pushNotification: push })).request.params,
    ).toMatchObject({
      configuration: { pushNotificationConfig: push },
    });
  });
});

test('a request of today’s names is left as it is', () => {
  const given = request('message/send', { message: {} });
  expect(modernized(given)).toEqual({ request: given });
});

test.each([
  [
    { type: 'text', text: 'a' },
    { type: 'text', kind: 'text', text: 'a' },
  ],
  [
    { kind: 'text', type: 'x', text: 'a' },
    { kind: 'text', type: 'x', text: 'a' },
  ],
  [{ text: 'a' }, { text: 'a' }],
  ['a', 'a'],
  [null, null],
])('a v0.3 message’s part %j is read as %j', (part, expected) => {
  const given = request('message/send', { message: { parts: [part] }, configuration: {} });
  expect(withPartKinds(given)).toEqual(
    request('message/send', { message: { parts: [expected] }, configuration: {} }),
  );
});

test.each([undefined, {}, { message: 1 }, { message: { parts: 1 } }])('params %j have no parts', (params) => {
  const given = request('message/send', params);
  expect(withPartKinds(given)).toBe(given);
});

test.each([
  [{ configuration: { blocking: true } }, true, false],
  [{ configuration: { blocking: false } }, false, false],
  [{ configuration: { blocking: 'false' } }, undefined, false],
  [{ configuration: { returnImmediately: true } }, undefined, true],
  [{ configuration: { returnImmediately: 1 } }, undefined, false],
  [{ configuration: null }, undefined, false],
  [{}, undefined, false],
  [undefined, undefined, false],
])('params %j: blocking %j, returnImmediately %j', (params, blocking, immediately) => {
  const given = request('message/send', params);
  expect([blockingOf(given), returnsImmediately(given)]).toEqual([blocking, immediately]);
});

describe('an answer for older readers', () => {
  const status = (state: string) => ({
    kind: 'status-update',
    taskId: 't',
    contextId: 'c',
    status: { state },
    final: false,
  });

  test('a task carries sessionId', () => {
    expect(forOlderReaders({ kind: 'task', id: 't', contextId: 'c' }, '0.3', false)).toEqual({
      kind: 'task',
      id: 't',
      contextId: 'c',
      sessionId: 'c',
    });
  });

  test.each([
    ['0.3', 'working', true, { final: false }],
    ['0.3', 'input-required', true, { final: true }],
    ['0.3', 'auth-required', true, { final: true }],
    ['0.3', 'input-required', false, { final: false }],
    ['0.1', 'working', true, { final: false, id: 't', sessionId: 'c' }],
  ] as const)('in %s a status %s of a send’s stream (%s)', (dialect, state, send, more) => {
    expect(forOlderReaders(status(state), dialect, send)).toEqual({ ...status(state), ...more });
  });

  test('a final state’s event stays final', () => {
    const event = { ...status('completed'), final: true };
    expect(forOlderReaders(event, '0.3', false)).toEqual(event);
  });

  test('an artifact’s event is no status', () => {
    const event = { kind: 'artifact-update', taskId: 't', contextId: 'c', artifact: {} };
    expect(forOlderReaders(event, '0.3', true)).toEqual(event);
    expect(forOlderReaders(event, '0.1', true)).toEqual({ ...event, id: 't', sessionId: 'c' });
  });

  test.each([null, 'x', 5, [], { kind: 'message' }])('%j is left as it is', (result) => {
    expect(forOlderReaders(result, '0.1', true)).toEqual(result);
  });
});
