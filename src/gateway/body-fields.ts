import { messageOf } from '../errors.ts';
import { checkValues } from '../web/json-values.ts';
import { invalidRequest } from './gateway-error.ts';

/** The fields whose own are the facade's; of a settlement only those, the rest is its payment scheme's. */
const INNER: Record<string, readonly string[] | 'all'> = {
  review: 'all',
  workflow: 'all',
  settlement: ['rail', 'currency', 'amount'],
};

/**
 * The fields of a body that say something: what is `null` is absent, here and in the facade's own objects in it.
 * @throws GatewayError 400 of what cannot be passed on.
 */
export function fieldsOf(body: object): object {
  checkJson(body);
  checkNames(body, []);
  const fields = Object.entries(body).flatMap(([name, value]) => {
    if (value === null) return [];
    const inner = Object.hasOwn(INNER, name) ? INNER[name] : undefined;
    const isObject = typeof value === 'object' && !Array.isArray(value);
    return [[name, inner !== undefined && isObject ? withoutNulls(value, inner) : value]];
  });
  return Object.fromEntries(fields);
}

const withoutNulls = (value: object, names: readonly string[] | 'all'): object =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([name, each]) => each !== null || (names !== 'all' && !names.includes(name)),
    ),
  );

function checkJson(body: object): void {
  try {
    checkValues(body, 'body');
  } catch (error) {
    throw invalidRequest(messageOf(error));
  }
}

/** A name that is lost where objects are made is refused: left out, the agent would be asked something else. */
function checkNames(value: unknown, path: string[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) {
    throw invalidRequest(`${[...path, '__proto__'].join('.')}: is no name for a field`);
  }
  for (const [name, inner] of Object.entries(value)) checkNames(inner, [...path, name]);
}
