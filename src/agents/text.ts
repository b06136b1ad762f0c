/** What the record can keep: Postgres takes no NUL, and no half of a character. */
const ILL_FORMED = /[\0\p{Surrogate}]/u;

export interface IllFormed {
  path: string[];
  problem: string;
}

/** The first text in a value, or name of one, that cannot be kept. What is neither JSON nor holds any has none. Pure. */
export function illFormedIn(value: unknown, path: string[] = []): IllFormed | undefined {
  if (typeof value === 'string') {
    return ILL_FORMED.test(value) ? { path, problem: 'is not well-formed text' } : undefined;
  }
  if (!Array.isArray(value) && !isObject(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (ILL_FORMED.test(name)) return { path, problem: 'has a name that is not well-formed text' };
    const found = illFormedIn(inner, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
