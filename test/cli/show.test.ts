import type { Part } from '@a2a-js/sdk';
import { describe, expect, it } from 'vitest';
import { partText } from '../../src/cli/show/task.ts';
import { indent, plain, table, wrap } from '../../src/cli/show/text.ts';

describe('text for a terminal', () => {
  it.each([
    ['plain words\n\tstay', 'plain words\n\tstay'],
    ['a\u001b[31mred\u0007\u009b', 'a[31mred'],
    ['one\r\ntwo\rthree', 'one\ntwo\nthree'],
    ['ünïcödé ✓', 'ünïcödé ✓'],
  ])('%j', (text, shown) => expect(plain(text)).toBe(shown));

  it('indents lines, but not empty ones', () => expect(indent('a\n\nb')).toBe('  a\n\n  b'));

  it.each([
    ['', 5, ['']],
    ['a b c', 3, ['a b', 'c']],
    ['unbreakable x', 4, ['unbreakable', 'x']],
  ])('wraps %j at %i', (text, width, lines) => expect(wrap(text, width)).toEqual(lines));
});

describe('a table', () => {
  const rows = [
    ['a', 'Alpha', 'the first\nof all letters there are'],
    ['bb', 'Be', ''],
  ];
  it('keeps a row on a line without a terminal', () => {
    expect(table(['code', 'name', 'text'], rows)).toEqual([
      'CODE  NAME   TEXT',
      'a     Alpha  the first of all letters there are',
      'bb    Be     ',
    ]);
  });
  it('wraps the last column at a terminal', () => {
    expect(table(['code', 'name', 'text'], rows, 40)).toEqual([
      'CODE  NAME   TEXT',
      'a     Alpha  the first of all letters',
      '             there are',
      'bb    Be     ',
    ]);
  });
});

describe('a part', () => {
  const part = (content: Part['content'], filename = '', mediaType = ''): Part => ({
    content,
    filename,
    mediaType,
    metadata: undefined,
  });
  it.each([
    [part({ $case: 'text', value: 'hi\n' }), 'hi'],
    [part({ $case: 'data', value: { a: 1 } }), '{\n  "a": 1\n}'],
    [
      part({ $case: 'raw', value: Buffer.from('abc') }, 'a.txt', 'text/plain'),
      '[file, a.txt, text/plain, 3 bytes]',
    ],
    [part({ $case: 'url', value: 'https://x/y' }), '[link, https://x/y]'],
    [part(undefined), ''],
  ])('%#', (given, shown) => expect(partText(given)).toBe(shown));
});
