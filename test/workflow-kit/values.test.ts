import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/tasks/task.ts';
import type { ArtifactContent, Say } from '../../src/workflow-kit/task-context.ts';
import {
  agentMessage,
  artifactOf,
  callMessage,
  resultArtifact,
  sayParts,
} from '../../src/workflow-kit/values.ts';

const SAID: [what: string, say: Say, expected: ReturnType<typeof sayParts>][] = [
  ['text', 'hello', { parts: [{ text: 'hello' }] }],
  ['empty text', '', { parts: [{ text: '' }] }],
  ['text beside data', { text: 'a', data: { n: 1 } }, { parts: [{ text: 'a' }, { data: { n: 1 } }] }],
  ['data that is null', { data: null }, { parts: [{ data: null }] }],
  ['metadata', { text: 'a', metadata: { m: 1 } }, { parts: [{ text: 'a' }], metadata: { m: 1 } }],
  ['nothing', {}, { parts: [] }],
];

test.each(SAID)('what is said: %s', (_what, say, expected) => {
  expect(sayParts(say)).toEqual(expected);
  expect(agentMessage('id', say)).toEqual({ messageId: 'id', role: 'agent', ...expected });
});

const ARTIFACTS: [what: string, content: ArtifactContent, expected: ReturnType<typeof artifactOf>][] = [
  ['text', { name: 'a', text: 'x' }, { artifactId: 'a', name: 'a', parts: [{ text: 'x' }] }],
  ['empty text', { name: 'a', text: '' }, { artifactId: 'a', name: 'a', parts: [{ text: '' }] }],
  ['null', { name: 'a', data: null }, { artifactId: 'a', name: 'a', parts: [{ data: null }] }],
  [
    'an id of its own, a description, metadata',
    { id: 'i', name: 'a', description: 'd', metadata: { m: 1 }, text: 'x' },
    { artifactId: 'i', name: 'a', description: 'd', metadata: { m: 1 }, parts: [{ text: 'x' }] },
  ],
  [
    'a media type, for what is given here and not for parts',
    { name: 'a', text: '# x', data: 1, parts: [{ raw: 'AA==' }], mediaType: 'text/markdown' },
    {
      artifactId: 'a',
      name: 'a',
      parts: [
        { text: '# x', mediaType: 'text/markdown' },
        { data: 1, mediaType: 'text/markdown' },
        { raw: 'AA==' },
      ],
    },
  ],
];

test.each(ARTIFACTS)('an artifact of %s', (_what, content, expected) => {
  expect(artifactOf(content)).toEqual(expected);
});

test('an artifact of nothing is the author’s mistake, and says which', () => {
  expect(() => artifactOf({ name: 'report' })).toThrow('artifact report: give text, data or parts');
  expect(() => artifactOf({ name: 'report', parts: [] })).toThrow(TypeError);
  expect(() => artifactOf({ name: 'report', parts: [{ text: 'a', data: 1 }] })).toThrow(
    'artifact report: part 0: give one of text, data, url, raw and file',
  );
  expect(() => artifactOf({ name: 'report', text: 'a', parts: [{ raw: '!!' }] })).toThrow(
    'artifact report: part 1: raw is not base64',
  );
});

test.each([0, false, '', null, [], { a: 1 }] as Json[])('a returned %j is the artifact `result`', (value) => {
  expect(resultArtifact(value)).toEqual({ artifactId: 'result', name: 'result', parts: [{ data: value }] });
});

describe('what is no JSON is the author’s mistake', () => {
  const circle: { itself?: unknown } = {};
  circle.itself = circle;
  const NO_JSON: [what: string, value: unknown][] = [
    ['a bigint', 1n],
    ['a bigint inside', { a: [1n] }],
    ['a circle', circle],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ];

  test.each(NO_JSON)('%s', (_what, value) => {
    const data = value as Json;
    expect(() => resultArtifact(data)).toThrow(TypeError);
    expect(() => artifactOf({ name: 'a', parts: [{ data }] })).toThrow(/^artifact a: data: /);
    expect(() => sayParts({ text: 'x', data })).toThrow(/^data: /);
  });
});

test.each([
  ['text', 'hello', { parts: [{ text: 'hello' }] }],
  ['what is said', { text: 'a', data: 1 }, { parts: [{ text: 'a' }, { data: 1 }] }],
  ['parts as they are', { parts: [{ url: 'https://x' }] }, { parts: [{ url: 'https://x' }] }],
])('a call with %s', (_what, message, expected) => {
  expect(callMessage(message)).toEqual(expected);
});
