/** docs/THREATS.md names a test for each threat; here each is found. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const text = readFileSync(join(root, 'docs/THREATS.md'), 'utf8');

/** The rows of the tables whose last column says what shows it. */
const rows = text
  .split(/^\| threat \|.*$/m)
  .slice(1)
  .flatMap((table) => (table.split(/\n\n/, 1)[0] ?? '').trim().split('\n').slice(1))
  .map((row) => row.slice(2, -2).split(' | '));

/** `path` “title”, “title”; … */
function namedIn(cell: string): [path: string, title: string][] {
  return cell.split(/; (?=`)/).flatMap((of) => {
    const [, path = '', titles = ''] = /^`([^`]+)` (“.+”)$/.exec(of) ?? [];
    return [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']): [string, string] => [path, title]);
  });
}

/** Whether a call has this title as its first argument: `it('…', `, `it.each(…)('…', `. */
function hasTest(path: string, title: string): boolean {
  const escaped = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\\(\\s*(['"\`])${escaped}\\1,`).test(readFileSync(join(root, path), 'utf8'));
}

it.each(rows)('%s', (...[, stops = '', shown = '']) => {
  expect(stops).not.toBe('');
  const named = namedIn(shown);
  expect(named.length).toBeGreaterThan(0);
  expect(named.length).toBe(shown.split('“').length - 1);
  for (const [path, title] of named) {
    expect(existsSync(join(root, path)), path).toBe(true);
    expect(hasTest(path, title), `${path}: ${title}`).toBe(true);
  }
});

it('the tables are all read', () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.length).toBe(text.match(/^\|.*`test\/.*\|$/gm)?.length);
});
