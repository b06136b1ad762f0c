import { expect, test } from 'vitest';
import { checkId, checkMessage, digestOf, MAX_MESSAGE_BYTES } from '../../src/tasks/message.ts';
import type { Message, Part } from '../../src/tasks/task.ts';

const message = (given: Partial<Message> = {}): Message => ({
  messageId: 'm1',
  role: 'user',
  parts: [{ text: 'hello' }],
  ...given,
});

/** The bytes of a message around its one text. */
const ENVELOPE = Buffer.byteLength(JSON.stringify(message({ parts: [{ text: '' }] })));

const TAKEN: [what: string, message: Message][] = [
  ['text', message()],
  ['empty text', message({ parts: [{ text: '' }] })],
  ['data null', message({ parts: [{ data: null }] })],
  ['url', message({ parts: [{ url: 'https://example.com/a.pdf' }] })],
  ['raw with a file’s name and type', message({ parts: [{ raw: 'AA==', filename: 'a', mediaType: 'a/b' }] })],
  ['an id of 255 characters', message({ messageId: 'x'.repeat(255) })],
  ['an id in any script', message({ messageId: 'сообщение-消息-🦊' })],
  ['as many bytes as are taken', message({ parts: [{ text: 'x'.repeat(MAX_MESSAGE_BYTES - ENVELOPE) }] })],
];

test.each(TAKEN)('a message is taken: %s', (_what, given) => {
  expect(() => checkMessage(given)).not.toThrow();
});

const two: Part = { text: 'a', data: {} };

const REFUSED: [what: string, message: Message, field: string][] = [
  ['no id', message({ messageId: '' }), 'message.messageId'],
  ['too long an id', message({ messageId: 'x'.repeat(256) }), 'message.messageId'],
  ['U+0000 in the id', message({ messageId: 'a\u0000b' }), 'message.messageId'],
  ['a line break in the id', message({ messageId: 'a\nb' }), 'message.messageId'],
  ['half a surrogate pair in the id', message({ messageId: 'a\ud800b' }), 'message.messageId'],
  ['the agent’s role', message({ role: 'agent' }), 'message.role'],
  ['no parts', message({ parts: [] }), 'message.parts'],
  ['an empty part', message({ parts: [{ text: 'a' }, {}] }), 'message.parts[1]'],
  ['a part of two kinds (A2A v1.0 §4.1.6)', message({ parts: [two] }), 'message.parts[0]'],
  ['a part with only a name', message({ parts: [{ filename: 'a' }] }), 'message.parts[0]'],
  [
    'a byte too many',
    message({ parts: [{ text: 'x'.repeat(MAX_MESSAGE_BYTES - ENVELOPE + 1) }] }),
    'message',
  ],
  ['too many bytes in few characters', message({ parts: [{ text: '語'.repeat(500_000) }] }), 'message'],
];

test.each(REFUSED)('a message is refused, naming the field: %s', (_what, given, field) => {
  expect(() => checkMessage(given)).toThrow(
    expect.objectContaining({ code: 'invalid_params', field, message: expect.stringContaining(`${field}:`) }),
  );
});

test('the size that is refused is told with the one that is taken', () => {
  const large = message({ parts: [{ text: 'x'.repeat(2_000_000) }] });
  expect(() => checkMessage(large)).toThrow(
    `message: has ${2_000_000 + ENVELOPE} bytes, at most ${MAX_MESSAGE_BYTES} are taken`,
  );
});

test('an id’s refusal names the field it was given for', () => {
  expect(() => checkId('message.contextId', '')).toThrow(
    expect.objectContaining({ code: 'invalid_params', field: 'message.contextId' }),
  );
});

const base = message({ parts: [{ data: { a: 1, b: [1, 2] } }], metadata: { x: 1, y: 2 } });

const SAME: [what: string, other: string][] = [
  ['another id', digestOf({ ...base, messageId: 'm2' }, 't', 'c')],
  [
    'fields in another order',
    digestOf(
      { metadata: { y: 2, x: 1 }, parts: [{ data: { b: [1, 2], a: 1 } }], role: 'user', messageId: 'm1' },
      't',
      'c',
    ),
  ],
];

test.each(SAME)('the digest is the same with %s', (_what, other) => {
  expect(other).toBe(digestOf(base, 't', 'c'));
});

const OTHER: [what: string, other: string][] = [
  ['other data', digestOf({ ...base, parts: [{ data: { a: 2, b: [1, 2] } }] }, 't', 'c')],
  ['a list in another order', digestOf({ ...base, parts: [{ data: { a: 1, b: [2, 1] } }] }, 't', 'c')],
  ['one part more', digestOf({ ...base, parts: [...base.parts, { text: '' }] }, 't', 'c')],
  ['other metadata', digestOf({ ...base, metadata: { x: 1 } }, 't', 'c')],
  ['another task', digestOf(base, 'u', 'c')],
  ['no task', digestOf(base, undefined, 'c')],
  ['another context', digestOf(base, 't', 'd')],
  ['no context', digestOf(base, 't', undefined)],
];

test.each(OTHER)('the digest is another one with %s', (_what, other) => {
  expect(other).not.toBe(digestOf(base, 't', 'c'));
});

test('a digest is made of text that no JSON codec would take', () => {
  const odd = message({ parts: [{ text: 'a\u0000b\ud800c' }] });
  expect(digestOf(odd, undefined, undefined)).toMatch(/^[\w-]{43}$/);
});
