import { Ajv } from 'ajv';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/** What was given as JSON Schema is shown as it was given. */
const given = new WeakMap<z.ZodType, JsonSchema>();

/**
 * What a JSON Schema takes: 2020-12, or draft 7 where its `$schema` says so.
 * @throws Error when it is none.
 */
export function fromJsonSchema(schema: JsonSchema): z.ZodType {
  const validate = compiled(schema);
  const type = z.unknown().check(({ value, issues }) => {
    if (validate(value)) return;
    const [error] = validate.errors ?? [];
    const message = error?.message ?? 'is invalid';
    issues.push({ code: 'custom', input: value, path: error ? pathOf(error) : [], message });
  });
  given.set(type, schema);
  return type;
}

function compiled(schema: JsonSchema): ValidateFunction {
  // A keyword of another tool's is no mistake.
  const options = { strict: false } as const;
  const ajv = /draft-07/.test(String(schema.$schema)) ? new Ajv(options) : new Ajv2020(options);
  // The package is CommonJS and its types say otherwise.
  (addFormats as unknown as (to: Ajv | Ajv2020) => void)(ajv);
  return ajv.compile(schema);
}

/** Where in the value it is wrong, by names; of a property too many or too few, down to it. */
function pathOf({ instancePath, params }: ErrorObject): string[] {
  const steps = instancePath.split('/').slice(1);
  const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = params.missingProperty ?? params.additionalProperty;
  return last === undefined ? names : [...names, String(last)];
}

/**
 * What a client has to send, as JSON Schema (2020-12): before defaults are filled in and values are transformed.
 * @throws Error when it cannot be shown.
 */
export const toJsonSchema = (type: z.ZodType): JsonSchema =>
  given.get(type) ?? { ...z.toJSONSchema(type, { io: 'input' }) };
