/** The parts of JSON Schema (2020-12) that a form can show. Pure. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

export type FieldKind =
  | 'text'
  | 'long-text'
  | 'number'
  | 'integer'
  | 'yes-no'
  | 'choice'
  | 'choices'
  | 'list'
  | 'group'
  | 'json';

/** Texts above this length are written in more than one line. */
const LINE = 200;

/** How a value is asked for; `json` where a form knows no better way. */
export function kindOf(schema: Schema): FieldKind {
  if (schema.enum !== undefined) return 'choice';
  switch (schema.type) {
    case 'string':
      return (schema.maxLength ?? (schema.format ? 0 : LINE)) > LINE ? 'long-text' : 'text';
    case 'number':
      return 'number';
    case 'integer':
      return 'integer';
    case 'boolean':
      return 'yes-no';
    case 'object':
      return schema.properties === undefined ? 'json' : 'group';
    case 'array':
      if (schema.items?.enum !== undefined) return 'choices';
      return schema.items === undefined ? 'json' : 'list';
    default:
      return 'json';
  }
}

/** The schema that a local reference means; itself where it is none. */
export function resolved(schema: Schema, root: Schema): Schema {
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(schema.$ref ?? '') ?? [];
  const target = name === undefined ? undefined : root.$defs?.[name];
  return target === undefined ? schema : { ...target, ...schema };
}

type TextInput = 'text' | 'date' | 'email' | 'time' | 'url';

const INPUT_TYPES: Record<string, TextInput> = {
  date: 'date',
  email: 'email',
  time: 'time',
  uri: 'url',
  url: 'url',
};

export const inputType = ({ format = '' }: Schema): TextInput => INPUT_TYPES[format] ?? 'text';

/** `remindAfter` as people write it. */
export function titleOf(name: string, { title }: Schema): string {
  if (title !== undefined) return title;
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Without what was left open, so that the agent's own defaults hold; undefined when nothing is left. */
export function filled(value: unknown): unknown {
  if (value === '' || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const kept = value.map(filled).filter((each) => each !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([key, each]) => [key, filled(each)] as const)
    .filter(([, each]) => each !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
