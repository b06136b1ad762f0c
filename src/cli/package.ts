import { readFileSync } from 'node:fs';

/** What the product's package.json says; it lies at the same distance from the sources and from what is built. */
export function packageJson(): { version: string; engines: { node: string } } {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
}
