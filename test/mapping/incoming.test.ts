import { expect, test } from 'vitest';
import { incoming } from '../../src/mapping/incoming.ts';

test('joins text parts by line breaks and takes the first data part', () => {
  const parts = [{ text: 'a' }, { data: 1 }, { url: 'https://x' }, { text: '' }, { text: 'b' }, { data: 2 }];
  const message = { messageId: 'm', role: 'user' as const, parts, metadata: { k: 'v' } };
  expect(incoming(message)).toEqual({
    messageId: 'm',
    text: 'a\n\nb',
    data: 1,
    parts,
    metadata: { k: 'v' },
  });
});

test.each([
  ['no text', [{ data: {} }], { text: '', data: {} }],
  ['no data', [{ text: 'x' }], { text: 'x', data: undefined }],
  ['data that is null', [{ data: null }, { data: 1 }], { text: '', data: null }],
  ['data that is false', [{ data: false }], { text: '', data: false }],
  ['nothing', [], { text: '', data: undefined }],
])('with %s', (_what, parts, expected) => {
  expect(incoming({ messageId: 'm', role: 'user', parts })).toMatchObject({ ...expected, metadata: {} });
});
