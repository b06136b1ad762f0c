import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface PackageJson {
  name: string;
  version: string;
  engines: { node: string };
  allowScripts: Record<string, boolean>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** Where the built console lies. */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../dist/console', import.meta.url));

/** What the product's package.json says; it lies at the same distance from the sources and from what is built. */
export function packageJson(): PackageJson {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
}
