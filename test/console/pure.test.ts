/** What the console works out by itself, without a browser. */
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/console/api/api-error.ts';
import { type Lost, pauseAfter, persist } from '../../src/console/api/persist.ts';
import { applied, conversationOf, isEnded, stateOf, type TaskView } from '../../src/console/api/task-view.ts';
import { gatewaySnippet, snippets } from '../../src/console/pages/agents/snippets.ts';
import { rowsOfCsv, rowsOfData } from '../../src/console/ui/parts/tabular.ts';
import { filled, startOf, Unread } from '../../src/console/ui/schema-form/data.ts';
import { problemsOf } from '../../src/console/ui/schema-form/problems.ts';
import { kindOf, resolved, type Schema, shapeOf, titleOf } from '../../src/console/ui/schema-form/schema.ts';

const task: TaskView = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_WORKING' } };

describe('a task after an event of its stream', () => {
  it('is the task that the event holds', () => {
    expect(applied(undefined, { task })).toBe(task);
    expect(applied(undefined, { statusUpdate: { status: task.status } })).toBeUndefined();
  });

  it('has the new status', () => {
    const status = { state: 'TASK_STATE_COMPLETED' };
    const after = applied(task, { statusUpdate: { status } });
    expect(after).toEqual({ ...task, status });
    expect(after && isEnded(after)).toBe(true);
  });

  it('has the artifact: a new one, another form of one it had, or more of it', () => {
    const part = (text: string) => ({ artifactId: 'a', parts: [{ text }] });
    const one = applied(task, { artifactUpdate: { artifact: part('1') } });
    expect(one?.artifacts).toEqual([part('1')]);
    expect(applied(one, { artifactUpdate: { artifact: part('2') } })?.artifacts).toEqual([part('2')]);
    const more = applied(one, { artifactUpdate: { artifact: part('2'), append: true } });
    expect(more?.artifacts?.[0]?.parts).toEqual([{ text: '1' }, { text: '2' }]);
  });
});

describe('what was lost', () => {
  const busy = (retryAfterMs?: number) => new ApiError('busy', { status: 503, retryAfterMs });

  it('is tried again when the host says, and later each time where it does not say', () => {
    expect(pauseAfter(0, busy(3_000))).toBe(3_000);
    const pauses = [0, 1, 2, 3, 4, 5, 50].map((failures) => pauseAfter(failures, busy()));
    expect(pauses).toEqual([500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000]);
  });

  it('is tried again at once by whoever does not wait, until it is done', async () => {
    const told: (Lost | undefined)[] = [];
    const onConnection = (lost: Lost | undefined) => {
      told.push(lost);
      lost?.now();
    };
    const outcomes = [
      () => Promise.reject(busy(60_000)),
      () => Promise.reject(new ApiError('limit', { status: 429, retryAfterMs: 60_000 })),
      () => Promise.reject(new ApiError('nobody', { status: 0, retryAfterMs: 60_000 })),
      () => Promise.resolve(true),
    ];
    const attempt = (live: () => void) => {
      const outcome = outcomes.shift();
      if (outcomes.length === 0) live();
      return outcome?.() ?? Promise.reject(new Error('It is done'));
    };
    await persist(attempt, { signal: new AbortController().signal, onConnection });
    expect(told.map((lost) => lost && String(lost.error))).toEqual([
      'ApiError: busy',
      'ApiError: limit',
      'ApiError: nobody',
      undefined,
    ]);
  });

  it.each([400, 401, 404, 500])('is not tried again after %i', async (status) => {
    const refused = new ApiError('no', { status });
    const options = { signal: new AbortController().signal, onConnection: () => undefined };
    await expect(persist(() => Promise.reject(refused), options)).rejects.toBe(refused);
  });
});

it('a conversation ends with what the agent said last, once', () => {
  const message = { messageId: 'm', role: 'ROLE_AGENT' as const };
  const status = { state: 'TASK_STATE_INPUT_REQUIRED', message };
  expect(conversationOf({ ...task, status })).toEqual([message]);
  expect(conversationOf({ ...task, status, history: [message] })).toEqual([message]);
  expect(stateOf({ status })).toBe('input-required');
});

describe('a table', () => {
  it.each([
    [
      'records',
      [{ a: 1, b: 'x' }, { a: 2 }],
      {
        rows: [
          ['a', 'b'],
          ['1', 'x'],
          ['2', ''],
        ],
      },
    ],
    ['the one list of an object', { prices: [{ a: 1 }] }, { caption: 'prices', rows: [['a'], ['1']] }],
    ['no list at all', { a: 1, b: 2 }, undefined],
    ['a list of words', ['a', 'b'], undefined],
    ['records that hold more', [{ a: { b: 1 } }], undefined],
    ['nothing', [], undefined],
  ])('is made of %s', (_what, value, rows) => {
    expect(rowsOfData(value)).toEqual(rows);
  });

  it.each([
    [
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\r\n1,',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    ['"a ""b""","c\nd"', [['a "b"', 'c\nd']]],
    ['', []],
  ])('is read from %j', (text, rows) => {
    expect(rowsOfCsv(text)).toEqual(rows);
  });
});

describe('a form', () => {
  it.each<[Schema, string]>([
    [{ type: 'string', maxLength: 80 }, 'text'],
    [{ type: 'string', format: 'date' }, 'text'],
    [{ type: 'string', maxLength: 500 }, 'long-text'],
    [{ enum: ['a', 'b'] }, 'choice'],
    [{ type: 'array', items: { enum: ['a'] } }, 'choices'],
    [{ type: 'array', items: { type: 'string' } }, 'list'],
    [{ type: 'object', properties: {} }, 'group'],
    [{ type: 'object' }, 'json'],
    [{}, 'json'],
  ])('asks for %j as %s', (schema, kind) => {
    expect(kindOf(schema)).toBe(kind);
  });

  it('follows the references of its schema', () => {
    const root: Schema = { $defs: { money: { type: 'number' } } };
    expect(resolved({ $ref: '#/$defs/money', description: 'x' }, root)).toMatchObject({
      type: 'number',
      description: 'x',
    });
  });

  it('names fields as people write them', () => {
    expect(titleOf('remindAfter', {})).toBe('Remind after');
  });

  const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
    type: 'object',
    properties,
    required,
  });
  const text: Schema = { type: 'string' };
  const yesNo: Schema = { type: 'boolean' };
  const list: Schema = { type: 'array', items: text };

  it.each<[string, Schema, unknown, unknown]>([
    ['without what was left open', object({ a: text, b: object({ c: text }) }), { a: '', b: {} }, {}],
    ['a box that is not ticked as false', object({ a: yesNo, b: yesNo }, ['a']), {}, { a: false }],
    ['a false that was chosen', object({ a: yesNo }), { a: false }, { a: false }],
    ['a list that must be there', object({ a: list, b: list }, ['a']), {}, { a: [] }],
    ['an entry that was left open, to be refused', object({ a: list }), { a: [undefined] }, { a: [null] }],
    ['null where it was chosen', object({ a: { type: ['string', 'null'] } }), { a: null }, { a: null }],
    ['what a needed group needs', object({ a: object({ b: yesNo }, ['b']) }, ['a']), {}, { a: { b: false } }],
    ['no more of a group than was begun', object({ a: object({ b: yesNo }, ['b']) }), {}, {}],
    ['a constant', object({ a: { const: 1 } }, ['a']), {}, { a: 1 }],
  ])('sends %s', (_what, schema, given, sent) => {
    expect(filled(given, schema, schema)).toEqual(sent);
  });

  it('begins with defaults, and with no group that may be left out', () => {
    const eur: Schema = { type: 'string', default: 'EUR' };
    const schema = object({ a: eur, b: object({ c: eur }), d: object({ c: eur }) }, ['d']);
    expect(startOf(schema, schema)).toEqual({ a: 'EUR', d: { c: 'EUR' } });
  });

  it.each<[Schema, Schema, boolean]>([
    [{ type: ['string', 'null'] }, { type: 'string' }, true],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }], title: 'N' }, { type: 'integer', title: 'N' }, true],
    [{ oneOf: [{ const: 'a' }, { const: 'b' }] }, { enum: ['a', 'b'] }, false],
    [{ anyOf: [text, yesNo] }, { anyOf: [text, yesNo] }, false],
  ])('asks for %j as what it comes to', (schema, shape, nullable) => {
    expect(shapeOf(schema, schema)).toEqual({ schema: shape, nullable });
  });

  it('ends where a schema holds itself', () => {
    const node = object({ child: { $ref: '#/$defs/node' } }, ['child']);
    const root: Schema = { $ref: '#/$defs/node', $defs: { node } };
    expect(startOf(root, root)).toBeUndefined();
    expect(filled(undefined, root, root)).toBeTypeOf('object');
    const loop: Schema = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } };
    expect(kindOf(resolved(loop, loop))).toBe('json');
  });

  it.each<[string, Schema, unknown, string[]]>([
    ['a pattern anywhere in the text', { type: 'string', pattern: '^ORD-' }, 'ORD-7', []],
    [
      'a number at its bound',
      object({ a: { type: 'number', exclusiveMinimum: 0 } }),
      { a: 0 },
      ['/a exclusiveMinimum'],
    ],
    ['what is not there', object({ 'a/b': text }, ['a/b']), {}, ['/a~1b required']],
    ['too few', object({ a: { ...list, minItems: 2 } }), { a: ['x'] }, ['/a minItems']],
    ['an entry within', object({ a: list }), { a: ['x', null] }, ['/a/1 type']],
    ['none of two', object({ a: { anyOf: [text, yesNo] } }), { a: 1 }, ['/a anyOf']],
    ['what is no JSON', object({ a: {} }, ['b']), { a: new Unread('{') }, ['/a unread']],
    ['nothing of a schema it cannot read', { $ref: '#/$defs/none' }, {}, []],
  ])('says %s', (_what, schema, data, problems) => {
    expect(problemsOf(data, schema).map(({ at, keyword }) => `${at} ${keyword}`)).toEqual(problems);
  });
});

describe('calls to be pasted', () => {
  const options = { host: 'http://127.0.0.1:1', code: 'echo', guarded: true, example: "it's" };

  it('leave the key that is there as it is', () => {
    const { cli } = snippets(options)[0]?.text ?? {};
    expect(cli?.split('\n')[0]).toBe(': "$' + '{AGENT_HOST_API_KEY:?must be your API key}"');
  });

  it('bring what policy asks for', () => {
    const { curl, cli, typescript } = gatewaySnippet({ ...options, region: 'DE', risky: true }).text;
    expect(curl).toContain(`'{"message": "it'\\''s", "region": "DE", "confirm_risky": true}'`);
    expect(cli).toMatch(/invoke echo 'it'\\''s' --region DE --confirm-risky$/);
    expect(typescript).toContain(`JSON.stringify({ message: "it's", region: 'DE', confirm_risky: true })`);
  });
});
