/** Bodies in which `null` is absent, as JSON Schema. Pure. */

export type JsonSchema = Record<string, unknown>;

/** Objects in a body of which the same holds, by name: all their fields, or these. */
export type InnerObjects = Readonly<Record<string, readonly string[] | 'all'>>;

/** The schema of a body whose fields, as far as they need not be there, may be null. */
export function withNulls(schema: JsonSchema, inner: InnerObjects): JsonSchema {
  if (Array.isArray(schema.anyOf)) {
    return { ...schema, anyOf: schema.anyOf.map((each: JsonSchema) => withNulls(each, inner)) };
  }
  return withNullFields(schema, 'all', (name, field) => {
    const names = Object.hasOwn(inner, name) ? inner[name] : undefined;
    return names === undefined ? field : withNullFields(field, names);
  });
}

function withNullFields(
  schema: JsonSchema,
  names: readonly string[] | 'all',
  within = (_name: string, field: JsonSchema): JsonSchema => field,
): JsonSchema {
  if (typeof schema.properties !== 'object' || schema.properties === null) return schema;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.entries(schema.properties as Record<string, JsonSchema>).map(([name, field]) => {
    const whole = within(name, field);
    const mayBeNull = !required.has(name) && (names === 'all' || names.includes(name));
    return [name, mayBeNull ? orNull(whole) : whole];
  });
  return { ...schema, properties: Object.fromEntries(fields) };
}

const NULL = { type: 'null' };

function orNull({ description, default: initially, ...field }: JsonSchema): JsonSchema {
  const said = {
    ...(description === undefined ? {} : { description }),
    ...(initially === undefined ? {} : { default: initially }),
  };
  if (Array.isArray(field.anyOf)) return { ...field, anyOf: [...field.anyOf, NULL], ...said };
  if (typeof field.type !== 'string') {
    return Object.keys(field).length === 0 ? said : { anyOf: [field, NULL], ...said };
  }
  const choice = Array.isArray(field.enum) ? { enum: [...field.enum, null] } : {};
  return { ...field, type: [field.type, 'null'], ...choice, ...said };
}
