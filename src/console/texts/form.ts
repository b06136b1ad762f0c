import type { Problem } from '../ui/schema-form/problems.ts';
import type { Schema } from '../ui/schema-form/schema.ts';

const atLeast = (least: number | undefined, of: string): string => `At least ${least}${of}`;
const atMost = (most: number | undefined, of: string): string => `At most ${most}${of}`;

const KINDS: Record<string, string> = {
  string: 'text in quotes',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** How a value is written that no other field fits. */
export function asJson({ type, anyOf = [] }: Schema): string {
  const types = new Set([type ?? [], ...anyOf.map((branch) => branch.type ?? [])].flat());
  const kinds = [...types].map((each) => KINDS[each] ?? each);
  return kinds.length === 0 ? 'Written as JSON.' : `Written as JSON: ${kinds.join(', or ')}.`;
}

/** How many entries there must be. */
export function items({ minItems, maxItems }: Schema): string | undefined {
  const said = [
    ...(minItems === undefined || minItems === 0 ? [] : [`${atLeast(minItems, '')}.`]),
    ...(maxItems === undefined ? [] : [`${atMost(maxItems, '')}.`]),
  ];
  return said.length === 0 ? undefined : said.join(' ');
}

/** What is wrong with a value, in words where there are some. */
export function wrong({ keyword, error }: Problem, schema: Schema): string {
  switch (keyword) {
    case 'unread':
      return schema.type === 'number' || schema.type === 'integer'
        ? 'This is not a number'
        : 'This is not JSON';
    case 'required':
      return 'This is needed';
    case 'pattern':
      return schema.pattern === undefined ? error : `This does not match ${schema.pattern}`;
    case 'format':
      return schema.format === undefined ? error : `This is not written as ${schema.format}`;
    case 'minLength':
      return schema.minLength === undefined ? error : atLeast(schema.minLength, ' characters');
    case 'maxLength':
      return schema.maxLength === undefined ? error : atMost(schema.maxLength, ' characters');
    case 'minItems':
      return schema.minItems === undefined ? error : atLeast(schema.minItems, '');
    case 'maxItems':
      return schema.maxItems === undefined ? error : atMost(schema.maxItems, '');
    case 'anyOf':
    case 'oneOf':
      return 'This is none of what is taken here';
    default:
      return error;
  }
}
