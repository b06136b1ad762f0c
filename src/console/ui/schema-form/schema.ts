/** The parts of JSON Schema (2020-12) that a form can show. Pure. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
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
  minItems?: number;
  maxItems?: number;
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
  if (optionsOf(schema) !== undefined) return 'choice';
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

/** The few values that there are; undefined where they are not named. */
export const optionsOf = (schema: Schema): unknown[] | undefined =>
  schema.enum ?? ('const' in schema ? [schema.const] : undefined);

/** What a JSON pointer (RFC 6901) within the schema leads to. */
function pointed(root: Schema, ref: string): Schema | undefined {
  if (!ref.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const step of ref.slice(1).split('/').slice(1)) {
    at = (at as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at as Schema | undefined;
}

/** The schema that a local reference means; itself where it is none. */
export function resolved(schema: Schema, root: Schema): Schema {
  const seen = new Set<string>();
  let now = schema;
  while (now.$ref !== undefined && !seen.has(now.$ref)) {
    seen.add(now.$ref);
    const target = pointed(root, now.$ref);
    if (target === undefined) return now;
    const { $ref, ...own } = now;
    now = { ...target, ...own };
  }
  return now;
}

interface Shape {
  /** Without references, and without null among its types. */
  schema: Schema;
  /** Whether null is a value of it, besides. */
  nullable: boolean;
}

/** What is to be asked for, however the schema words it. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  const { anyOf, oneOf, ...own } = resolved(schema, root);
  const branches = (anyOf ?? oneOf)?.map((branch) => resolved(branch, root));
  if (branches !== undefined) {
    const some = branches.filter(({ type }) => type !== 'null');
    const nullable = some.length < branches.length;
    const [only] = some;
    if (only !== undefined && some.length === 1) return { schema: { ...only, ...own }, nullable };
    if (some.every((branch) => 'const' in branch)) {
      return { schema: { ...own, enum: some.map((branch) => branch.const) }, nullable };
    }
    return { schema: { ...own, anyOf: branches }, nullable: false };
  }
  if (!Array.isArray(own.type) || own.enum !== undefined) return { schema: own, nullable: false };
  const types = own.type.filter((type) => type !== 'null');
  const [only] = types;
  if (only === undefined || types.length > 1) return { schema: own, nullable: false };
  return { schema: { ...own, type: only }, nullable: types.length < own.type.length };
}

type TextInput = 'text' | 'date' | 'email' | 'url';

const INPUT_TYPES: Record<string, TextInput> = {
  date: 'date',
  email: 'email',
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
