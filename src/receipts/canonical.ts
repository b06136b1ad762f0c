import canonicalize from 'canonicalize';

// The package is CommonJS and its types say otherwise.
const toCanonical = canonicalize as unknown as (value: unknown) => string | undefined;

const encoder = new TextEncoder();

/** The value's canonical JSON (RFC 8785), as bytes. Runs in a browser too. */
export const canonicalBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  encoder.encode(String(toCanonical(value)));

/** `sha256:` and hex, over the value's canonical JSON. */
export const digestOf = (value: unknown): Promise<string> => hashOf(canonicalBytes(value));

export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
