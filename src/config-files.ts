import { readFileSync } from 'node:fs';
import { HostError } from './errors.ts';

/** Settings that may hold a secret: they may be given as files, and are never repeated. */
export const SECRETS: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'GATEWAY_SECRET_KEY',
  'MODEL_KEY',
  'MODEL_URL',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'SIGNING_KEY',
  'TEMPORAL_API_KEY',
]);

export type Env = Readonly<Record<string, string | undefined>>;

const set = (value: string | undefined): string | undefined =>
  value === undefined || value.trim() === '' ? undefined : value;

/** @returns the path of the file that holds a setting. */
export const fileOf = (env: Env, name: string): string | undefined =>
  SECRETS.has(name) ? set(env[`${name}_FILE`]) : undefined;

/**
 * What is given for a setting, by itself or in a file; an empty string is nothing.
 * @throws HostError `config` naming the setting of the file.
 */
export function givenIn(env: Env, name: string): string | undefined {
  const value = set(env[name]);
  const path = fileOf(env, name);
  if (path === undefined) return value;
  const wrong = (problem: string) =>
    new HostError('config', `${name}_FILE: ${problem}`, { field: `${name}_FILE` });
  if (value !== undefined) throw wrong(`is given beside ${name}; one of them is enough`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  // Editors and `echo` end a file with a line's end.
  const held = set(text.replace(/\r?\n$/, ''));
  if (held === undefined) throw wrong(`${path} is empty`);
  return held;
}
