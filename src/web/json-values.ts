import { invalidParams } from '../errors.ts';

/** Deeper than any message needs, and far from what recursion over it could take. */
const MAX_DEPTH = 100;
/** More than fit into the largest message; what is wide beyond that would only keep the host from everybody else. */
const MAX_VALUES = 1_000_000;

/**
 * What JSON and protobuf can say and nobody can pass on: nesting without end, values without number, and numbers that
 * are none.
 * @param whole what is to blame.
 * @throws HostError `invalid_params`.
 */
export function checkValues(params: unknown, whole = 'params'): void {
  let level: unknown[] = [params];
  let values = 1;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw invalidParams(whole, `is nested deeper than ${MAX_DEPTH} levels`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw invalidParams(whole, 'holds a number that is out of range');
      }
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
      const inner = Object.values(value);
      values += inner.length;
      if (values > MAX_VALUES) throw invalidParams(whole, `holds more than ${MAX_VALUES} values`);
      for (const each of inner) next.push(each);
    }
    level = next;
  }
}

/**
 * The way to a name that is lost where objects are made: left out, something else would be asked than was meant.
 * @param value nested no deeper than `checkValues` lets pass.
 */
export function lostName(value: unknown, path: (string | number)[] = []): (string | number)[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '__proto__')) return [...path, '__proto__'];
  const isList = Array.isArray(value);
  for (const [name, inner] of Object.entries(value)) {
    const found = lostName(inner, [...path, isList ? Number(name) : name]);
    if (found !== undefined) return found;
  }
  return undefined;
}
