import { kindOf, optionsOf, type Schema, shapeOf } from './schema.ts';

/** What a form holds, and what is sent of it. Pure. */

/** What was typed and is no value of its kind, or none yet. */
export class Unread {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Required groups within each other that nobody has filled in: a schema may ask for them without end. */
const DEEPEST = 6;

/** What stands in the form before anybody writes in it: what the schema says is meant when nothing is said. */
export function startOf(schema: Schema, root: Schema, required = true, depth = 0): unknown {
  const { schema: own } = shapeOf(schema, root);
  if (own.default !== undefined) return own.default;
  if (!required || depth > DEEPEST) return undefined;
  if ('const' in own) return own.const;
  if (kindOf(own) !== 'group') return undefined;
  const entries = Object.entries(own.properties ?? {})
    .map(
      ([key, each]) => [key, startOf(each, root, own.required?.includes(key) ?? false, depth + 1)] as const,
    )
    .filter(([, each]) => each !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Whether anything was filled in. */
export function isGiven(value: unknown): boolean {
  if (value === undefined || value === '') return false;
  if (typeof value !== 'object' || value === null || value instanceof Unread) return true;
  return Array.isArray(value) ? value.length > 0 : Object.values(value).some(isGiven);
}

/**
 * What is sent: without what was left open, so that the agent's own defaults hold. A box that must be there and is not
 * ticked is false, a list that must be there and has no entries is empty.
 */
export function filled(value: unknown, schema: Schema, root: Schema, required = true, depth = 0): unknown {
  if (value instanceof Unread || value === null) return value;
  const { schema: own } = shapeOf(schema, root);
  switch (kindOf(own)) {
    case 'yes-no':
      return value ?? (required ? false : undefined);
    case 'list':
    case 'choices': {
      const given: unknown[] = Array.isArray(value) ? value : [];
      if (given.length === 0) return required ? [] : undefined;
      // An entry that was left open is none of its kind: it is said where it stands.
      return given.map((each) => filled(each, own.items ?? {}, root) ?? null);
    }
    case 'group': {
      if (!isGiven(value) && (!required || depth > DEEPEST)) return undefined;
      const given = (value ?? {}) as Record<string, unknown>;
      const next = isGiven(value) ? 0 : depth + 1;
      const entries = Object.entries(own.properties ?? {})
        .map(([key, each]) => {
          const needed = own.required?.includes(key) ?? false;
          return [key, filled(given[key], each, root, needed, next)] as const;
        })
        .filter(([, each]) => each !== undefined);
      return Object.fromEntries(entries);
    }
    case 'choice':
      return value === undefined && required && 'const' in own ? optionsOf(own)?.[0] : value;
    default:
      return value === '' ? undefined : value;
  }
}

/** Where a value stands within another (RFC 6901). */
export const below = (at: string, key: string | number): string =>
  `${at}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
