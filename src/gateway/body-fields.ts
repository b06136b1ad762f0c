import { messageOf } from '../errors.ts';
import { checkValues, lostName } from '../web/json-values.ts';
import { invalidRequest } from './gateway-error.ts';

/** The fields whose own are the facade's; of a settlement only those, the rest is its payment scheme's. */
export const OWN_OBJECTS: Record<string, readonly string[] | 'all'> = {
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
  const lost = lostName(body);
  if (lost !== undefined) throw invalidRequest(`${lost.join('.')}: is no name for a field`);
  const fields = Object.entries(body).flatMap(([name, value]) => {
    if (value === null) return [];
    const inner = Object.hasOwn(OWN_OBJECTS, name) ? OWN_OBJECTS[name] : undefined;
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
