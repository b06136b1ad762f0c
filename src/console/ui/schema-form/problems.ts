import { type Schema as AnySchema, Validator } from '@cfworker/json-schema';
import { below, Unread } from './data.ts';
import type { Schema } from './schema.ts';

/** What is not as the schema wants it. */
export interface Problem {
  /** Where it stands in the data, a JSON pointer (RFC 6901). */
  at: string;
  /** The schema's keyword for it; `unread` for what is no value at all. */
  keyword: string;
  /** In the words of who found it. */
  error: string;
}

/** Those that say only that there is something else below them. */
const WRAPPING = new Set([
  '$ref',
  'properties',
  'items',
  'prefixItems',
  'allOf',
  'if',
  'additionalProperties',
]);

/** What a schema's host would say against the data; nothing where the schema cannot be read here. */
export function problemsOf(data: unknown, schema: Schema): Problem[] {
  const unread = unreadIn(data, '');
  return unread.length > 0 ? unread : wrongIn(data, schema);
}

function unreadIn(value: unknown, at: string): Problem[] {
  if (value instanceof Unread) return [{ at, keyword: 'unread', error: value.text }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => unreadIn(each, below(at, key)));
}

function wrongIn(data: unknown, schema: Schema): Problem[] {
  try {
    // It writes in the schema it is given.
    const validator = new Validator(structuredClone(schema) as AnySchema, '2020-12', false);
    return validator
      .validate(data)
      .errors.filter(({ keyword }) => !WRAPPING.has(keyword))
      .filter(({ keywordLocation }) => !/\/(anyOf|oneOf)\//.test(keywordLocation))
      .map(({ instanceLocation, keyword, error }) => {
        const at = decodeURI(instanceLocation.slice(1));
        const [, missing] = (keyword === 'required' && /"(.*)"\.$/.exec(error)) || [];
        return { at: missing === undefined ? at : below(at, missing), keyword, error };
      });
  } catch {
    return [];
  }
}
