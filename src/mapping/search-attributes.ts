import type { Json } from '../tasks/task.ts';

/** What a search attribute is registered as. */
export type AttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** The search attributes of a namespace that workflows may set, by name. */
export type AttributeTypes = ReadonlyMap<string, AttributeType>;

/** Values of search attributes, as Temporal takes them: a list each. */
export type Attributes = Record<string, Json[]>;

/** Temporal's own limits, the second of them with room for what it counts beside. */
const MAX_VALUE_BYTES = 2_048;
const MAX_BYTES = 38_000;

/** What a mapping gave, as lists; null sets nothing. */
export const attributesOf = (values: Record<string, Json>): Attributes =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, [value].flat()]])),
  );

/**
 * Why Temporal would not take these, naming the first that it would not; undefined when it would. A workflow that asks
 * for one that is not taken asks for ever.
 * @param types what is registered; undefined when Temporal does not tell: then only what holds for any type is checked.
 */
export function problemOfAttributes(
  attributes: Attributes,
  types: AttributeTypes | undefined,
): string | undefined {
  let total = 0;
  for (const [name, values] of Object.entries(attributes)) {
    const type = types?.get(name);
    if (types !== undefined && type === undefined) return `${name} is not registered in the namespace`;
    const problem = problemOfValues(values, type);
    if (problem !== undefined) return `${name} ${problem}`;
    total += byteLength(name) + byteLength(JSON.stringify(values));
    if (total > MAX_BYTES) return `${name} is one too many: together they have more than ${MAX_BYTES} bytes`;
  }
  return undefined;
}

function problemOfValues(values: Json[], type: AttributeType | undefined): string | undefined {
  const bytes = byteLength(JSON.stringify(values));
  if (bytes > MAX_VALUE_BYTES) return `has ${bytes} bytes as JSON, at most ${MAX_VALUE_BYTES} are taken`;
  if (type === undefined) {
    return values.every(isScalar) ? undefined : 'must be text, a number, true or false, or a list of texts';
  }
  if (type !== 'KeywordList' && values.length !== 1) return `is ${NEEDED[type]}, not a list`;
  return values.every(CHECKS[type]) ? undefined : `must be ${NEEDED[type]}`;
}

const isText = (value: Json): boolean => typeof value === 'string';

const CHECKS: Record<AttributeType, (value: Json) => boolean> = {
  Text: isText,
  Keyword: isText,
  KeywordList: isText,
  Int: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 63,
  Double: (value) => typeof value === 'number',
  Bool: (value) => typeof value === 'boolean',
  Datetime: (value) => typeof value === 'string' && isDateTime(value),
};

const NEEDED: Record<AttributeType, string> = {
  Text: 'text',
  Keyword: 'text',
  KeywordList: 'text, or a list of texts',
  Int: 'a whole number of 64 bits',
  Double: 'a number',
  Bool: 'true or false',
  Datetime: 'a time such as 2026-01-31T12:00:00Z',
};

const isScalar = (value: Json): boolean => ['string', 'number', 'boolean'].includes(typeof value);

const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339, as Go reads it: of a day that there is. */
function isDateTime(text: string): boolean {
  const [, day = ''] = DATE_TIME.exec(text) ?? [];
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}

const encoder = new TextEncoder();
const byteLength = (text: string): number => encoder.encode(text).length;
