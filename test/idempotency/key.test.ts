import { expect, it } from 'vitest';
import { fingerprintOf, readKey } from '../../src/idempotency/key.ts';

it.each<[string, string]>([
  ['abc', 'abc'],
  [' abc ', 'abc'],
  ['"abc"', 'abc'],
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ['"half', '"half'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('%j is the key %j', (value, key) => {
  expect(readKey([value])).toEqual({ key });
});

it.each([
  [[''], 'empty'],
  [['  '], 'empty'],
  [['""'], 'empty'],
  [['x'.repeat(256)], '255'],
  [['käse'], 'printable'],
  [['a', 'b'], 'more than once'],
])('%j is none', (values, problem) => {
  expect(readKey(values)).toEqual({ problem: expect.stringContaining(problem) });
});

it('a body is the same whatever the order of its fields', () => {
  const one = fingerprintOf({ a: 1, b: [{ c: 2, d: null }] });
  expect(fingerprintOf({ b: [{ d: null, c: 2 }], a: 1 })).toBe(one);
  for (const other of [{ a: 1, b: [{ c: 2 }] }, { a: 1 }, undefined, null, [], '']) {
    expect(fingerprintOf(other)).not.toBe(one);
  }
});

it('what cannot be told has none', () => {
  expect(fingerprintOf(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toBeUndefined();
  expect(fingerprintOf({ a: Number.POSITIVE_INFINITY })).toBeUndefined();
});
