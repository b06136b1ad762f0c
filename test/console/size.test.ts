/** The built console, as it lies in dist/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { CONSOLE_FOLDER } from '../../src/package.ts';

const files = readdirSync(CONSOLE_FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => ({ name, bytes: readFileSync(join(parentPath, name)) }));

it('is under 250 KB, gzipped, with all that belongs to it', () => {
  const total = files.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0);
  expect(files.length).toBeGreaterThan(2);
  expect(total).toBeLessThan(250_000);
});

it('has its scripts and styles under names that hold their digests, and nothing within its page', () => {
  const page = files.find(({ name }) => name === 'index.html')?.bytes.toString() ?? '';
  expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  expect([...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^\.\/assets\/index-[\w-]{8}\.js$/)]),
  );
  expect(page).not.toMatch(/(?:src|href)="(?:https?:|\/\/)/);
});
