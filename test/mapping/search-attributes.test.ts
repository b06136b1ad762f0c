import { describe, expect, test } from 'vitest';
import {
  type AttributeType,
  type AttributeTypes,
  attributesOf,
  problemOfAttributes,
} from '../../src/mapping/search-attributes.ts';
import type { Json } from '../../src/tasks/task.ts';

const types: AttributeTypes = new Map(
  ['Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'].map((type) => [
    `A${type}`,
    type as AttributeType,
  ]),
);

const problem = (values: Record<string, Json>, known: AttributeTypes | undefined = types) =>
  problemOfAttributes(attributesOf(values), known);

test('values are lists, and null sets nothing', () => {
  expect(attributesOf({ A: 'x', B: ['x', 'y'], C: null, D: 0 })).toEqual({ A: ['x'], B: ['x', 'y'], D: [0] });
});

// Each as a Temporal server answered it.
test.each<[string, Json]>([
  ['AText', 'x'.repeat(2_040)],
  ['AKeyword', ''],
  ['AInt', 2 ** 53],
  ['ADouble', 1],
  ['ABool', false],
  ['ADatetime', '2026-01-01T00:00:00.123+02:00'],
  ['ADatetime', '2028-02-29T23:59:59Z'],
  ['AKeywordList', 'a'],
  ['AKeywordList', ['a', 'b']],
  ['AKeywordList', []],
])('taken: %s %j', (name, value) => {
  expect(problem({ [name]: value })).toBeUndefined();
});

test.each<[string, Json, string]>([
  ['AKeyword', 5, 'must be text'],
  ['AKeyword', ['a', 'b'], 'is text, not a list'],
  ['AKeyword', 'x'.repeat(2_046), 'has 2050 bytes as JSON, at most 2048 are taken'],
  ['AKeyword', 'é'.repeat(1_100), 'has 2204 bytes as JSON, at most 2048 are taken'],
  ['AInt', 'abc', 'must be a whole number of 64 bits'],
  ['AInt', 1.5, 'must be a whole number of 64 bits'],
  ['AInt', 1e20, 'must be a whole number of 64 bits'],
  ['AInt', [1, 2], 'is a whole number of 64 bits, not a list'],
  ['ADouble', '1.5', 'must be a number'],
  ['ABool', 'true', 'must be true or false'],
  ['ADatetime', '2026-01-01', 'must be a time such as 2026-01-31T12:00:00Z'],
  ['ADatetime', '2026-01-01T00:00:00', 'must be a time such as 2026-01-31T12:00:00Z'],
  ['ADatetime', '2026-02-30T00:00:00Z', 'must be a time such as 2026-01-31T12:00:00Z'],
  ['AKeywordList', [1], 'must be text, or a list of texts'],
  ['AKeyword', { a: 1 }, 'must be text'],
  ['Other', 'x', 'is not registered in the namespace'],
])('not taken: %s %j', (name, value, why) => {
  expect(problem({ [name]: value })).toBe(`${name} ${why}`);
});

test('together they have a limit', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`A${at}`, 'x'.repeat(2_000)]));
  expect(problemOfAttributes(attributesOf(many), undefined)).toBe(
    'A18 is one too many: together they have more than 38000 bytes',
  );
});

describe('when Temporal does not tell what is registered', () => {
  test.each<[Json, string | undefined]>([
    ['x', undefined],
    [1.5, undefined],
    [['a', 'b'], undefined],
    [{ a: 1 }, 'A must be text, a number, true or false, or a list of texts'],
    ['x'.repeat(5_000), 'A has 5004 bytes as JSON, at most 2048 are taken'],
  ])('%j', (value, expected) => {
    expect(problemOfAttributes(attributesOf({ A: value }), undefined)).toBe(expected);
  });
});
