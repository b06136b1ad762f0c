/** What a request says of its key. Pure. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

// The package is CommonJS and its types say otherwise.
const canonicalJson = canonicalize as unknown as (value: unknown) => string | undefined;

const MAX_LENGTH = 255;
const PRINTABLE = /^[\x20-\x7e]*$/;
/** A string of RFC 9651 §3.3.3. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/** The key of the header's values, bare or quoted; `problem` says why it is none. */
export function readKey(values: readonly string[]): { key: string } | { problem: string } {
  const [value = '', ...more] = values;
  if (more.length > 0) return { problem: 'is given more than once' };
  const bare = value.trim();
  const [, quoted] = QUOTED.exec(bare) ?? [];
  const key = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
  if (key === '') return { problem: 'is empty' };
  if (key.length > MAX_LENGTH) return { problem: `has more than ${MAX_LENGTH} characters` };
  if (!PRINTABLE.test(key)) return { problem: 'holds characters that are not printable ASCII' };
  return { key };
}

/** Tells a body from another one, whatever the order of its fields; undefined for one that cannot be told. */
export function fingerprintOf(body: unknown): string | undefined {
  try {
    return createHash('sha256')
      .update(canonicalJson(body) ?? '')
      .digest('base64url');
  } catch {
    // Nested without end, or a number that is none.
    return undefined;
  }
}
