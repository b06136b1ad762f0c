/**
 * The README's table of settings, made from the schema that reads them.
 * `node --import tsx scripts/settings-table.ts` prints it, with `--write` puts it between the README's markers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { configSchema, readConfig } from '../src/config.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const BEGIN = '<!-- settings: made by scripts/settings-table.ts -->';
const END = '<!-- end of settings -->';

/** A Markdown table: name, default, meaning. */
function settingsTable(): string {
  const defaults: Record<string, unknown> = readConfig({});
  const rows = Object.entries<z.ZodType>(configSchema.shape).map(([name, setting]) => {
    return `| \`${name}\` | ${shownDefault(defaults[name])} | ${setting.description ?? ''} |`;
  });
  return ['| name | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** As it would be set; what is empty is not. */
function shownDefault(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? Object.entries(value).join(',') : value;
  return text === undefined || text === '' ? '' : `\`${text}\``;
}

/**
 * The text with the table between its markers.
 * @throws Error when a marker is missing.
 */
export function withSettingsTable(text: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from) throw new Error(`the README lacks ${BEGIN} … ${END}`);
  return `${text.slice(0, from + BEGIN.length)}\n${settingsTable()}\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write'))
    writeFileSync(README, withSettingsTable(readFileSync(README, 'utf8')));
  else console.log(settingsTable());
}
