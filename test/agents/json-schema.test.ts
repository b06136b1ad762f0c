import { expect, test } from 'vitest';
import { z } from 'zod';
import { fromJsonSchema, toJsonSchema } from '../../src/agents/json-schema.ts';

const schema = {
  type: 'object',
  properties: { count: { type: 'integer', minimum: 1 }, sku: { type: 'string' } },
  required: ['count', 'sku'],
  additionalProperties: false,
};

test.each<[unknown, string[] | undefined]>([
  [{ count: 1, sku: 'x' }, undefined],
  [{ count: 1, sku: 'x', more: 1 }, ['more']],
  [{ count: 1 }, ['sku']],
  [{ count: 0, sku: 'x' }, ['count']],
  ['text', []],
])('%j against a schema', (value, path) => {
  const result = fromJsonSchema(schema).safeParse(value);
  expect(result.error?.issues[0]?.path).toEqual(path);
});

test('what fits is taken as it is', () => {
  const value = { a: [1, { b: null }] };
  expect(fromJsonSchema({ type: 'object' }).parse(value)).toEqual(value);
});

test('formats and $ref are held', () => {
  const type = fromJsonSchema({ $ref: '#/$defs/mail', $defs: { mail: { type: 'string', format: 'email' } } });
  expect(type.safeParse('ada@example.com').success).toBe(true);
  expect(type.safeParse('ada').success).toBe(false);
});

test('draft 7 is read as draft 7', () => {
  const $schema = 'http://json-schema.org/draft-07/schema#';
  const type = fromJsonSchema({ $schema, type: 'array', items: [{ type: 'string' }] });
  expect(type.safeParse(['a']).success).toBe(true);
  expect(type.safeParse([1]).success).toBe(false);
});

test('what is no schema throws', () => {
  expect(() => fromJsonSchema({ type: 'text' })).toThrow(/type/);
});

test('is shown as it was given; a zod schema as zod shows it', () => {
  expect(toJsonSchema(fromJsonSchema(schema))).toBe(schema);
  expect(toJsonSchema(z.object({ a: z.string() }))).toMatchObject({ required: ['a'] });
});
