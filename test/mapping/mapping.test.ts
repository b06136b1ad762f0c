import { describe, expect, test } from 'vitest';
import { mapped, mappedText, problemIn } from '../../src/mapping/mapping.ts';
import type { Json } from '../../src/tasks/task.ts';

const roots = {
  text: 'two chairs',
  data: { id: 7, lines: [{ sku: 'a' }, { sku: 'b' }], note: null, 'odd key': 'k', on: false },
  metadata: {},
};

describe('mapped', () => {
  test.each<[string, Json, Json]>([
    ['a path', '$.text', 'two chairs'],
    ['a path into data', '$.data.id', 7],
    ['a whole value', '$.data.lines', [{ sku: 'a' }, { sku: 'b' }]],
    ['an index', '$.data.lines[1].sku', 'b'],
    ['a key in quotes', '$.data["odd key"]', 'k'],
    ['null is there', '$.data.note', null],
    ['false is there', '$.data.on', false],
    ['a template', 'Order {{ $.data.id }}: {{$.text}}', 'Order 7: two chairs'],
    ['a value in a template', '{{ $.data.lines }}', '[{"sku":"a"},{"sku":"b"}]'],
    ['nothing in a template', 'x{{ $.data.nope? }}y', 'xy'],
    ['an optional path', '$.data.nope?', null],
    ['left out of an object', { a: '$.data.nope?', b: '$.data.id' }, { b: 7 }],
    ['null in a list', ['$.data.nope?', 1], [null, 1]],
    ['a path between line breaks', 'x{{\n$.data.id\n}}y', 'x7y'],
    [
      'braces that are none, and one after them',
      'an {{ here\n{{ $.data.id }} {{}} {{',
      'an {{ here\n7 {{}} {{',
    ],
    ['literals', [1, true, null, 'plain'], [1, true, null, 'plain']],
    ['a literal with $', '$$.text', '$.text'],
    ['a string that only looks like code', 'costs 5 $', 'costs 5 $'],
  ])('%s', (_, mapping, expected) => {
    expect(mapped(mapping, roots)).toEqual(expected);
  });

  test.each([
    ['$.data.nope', '$.data.nope is missing'],
    ['$.data.id.deeper', '$.data.id.deeper is missing'],
    ['$.data.constructor', '$.data.constructor is missing'],
    ['$.__proto__.polluted', '$.__proto__.polluted is missing'],
    ['$.text.length', '$.text.length is missing'],
    ['$.data.lines[2]', '$.data.lines[2] is missing'],
    ['on {{ $.data.nope }}', '$.data.nope is missing'],
  ])('%s leads nowhere', (mapping, message) => {
    expect(() => mapped(mapping, roots)).toThrow(message);
  });
});

test.each<[string, string | undefined]>([
  ['$.text', 'two chairs'],
  ['$.data.id', '7'],
  ['$.data.lines[0]', '{"sku":"a"}'],
  ['$.data.on', 'false'],
  ['$.data.note', undefined],
  ['$.data.nope?', undefined],
  ['Order {{ $.data.lines[0] }}', 'Order {"sku":"a"}'],
])('%s as text', (mapping, expected) => {
  expect(mappedText(mapping, roots)).toBe(expected);
});

describe('problemIn', () => {
  test.each<[Json, RegExp | undefined]>([
    [{ a: ['$.text', 'x {{ $.data.y }}'] }, undefined],
    ['$$anything', undefined],
    ['$', /is no path/],
    ['$text', /is no path/],
    ['$.data..x', /is no path/],
    [['{{ text }}'], /is no path/],
    ['{{ $.text', /has a \{\{ without a path and \}\}/],
    ['{{ $.text }} and {{ $.data.x }', /has a \{\{ without/],
    ['{{}}', /has a \{\{ without/],
    ['{{ $.text }}}}', undefined],
    ['$${{', undefined],
    [{ deep: { er: '$.tekst' } }, /\$ has no tekst, but text, data/],
  ])('%j', (mapping, problem) => {
    const found = problemIn(mapping, ['text', 'data']);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });
});
