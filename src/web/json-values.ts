import { invalidParams } from '../errors.ts';

/** Deeper than any message needs, and far from what recursion over it could take. */
const MAX_DEPTH = 100;

/**
 * What JSON and protobuf can say and nobody can pass on: nesting without end, and numbers that are none.
 * @throws HostError `invalid_params`.
 */
export function checkValues(params: unknown): void {
  let level: unknown[] = [params];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw invalidParams('params', `is nested deeper than ${MAX_DEPTH} levels`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw invalidParams('params', 'holds a number that is out of range');
      }
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
      for (const inner of Object.values(value)) next.push(inner);
    }
    level = next;
  }
}
