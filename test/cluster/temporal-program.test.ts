import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findTemporalProgram } from '../../cluster/temporal-program.ts';

let folder: string;
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-go-'));
  told = [];
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const find = () =>
  findTemporalProgram((line) => told.push(line), {
    PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
  });

/** A Go whose `install` does this. */
async function provideGo(install: string): Promise<void> {
  await mkdir(join(folder, 'bin'));
  const script = `#!/bin/sh\n[ "$1" = version ] && exit 0\n${install}\n`;
  await writeFile(join(folder, 'bin', 'go'), script);
  await chmod(join(folder, 'bin', 'go'), 0o755);
}

const kept = () => readdir(join(folder, 'cache', 'workflow-agent-host')).catch(() => []);

it('without Go there is none', async () => {
  expect(await find()).toBeUndefined();
  expect(told).toEqual(['There is no Go here: Temporal is the embedded one']);
});

it('it is built once, and kept', async () => {
  await provideGo('echo "$@" >> "$HOME/calls"; touch "$GOBIN/server" "$GOBIN/sql"');
  const [first, second] = [await find(), await find()];
  expect(second).toEqual(first);
  expect(first?.server.startsWith(join(folder, 'cache'))).toBe(true);
  const calls = (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  expect(calls).toEqual([
    expect.stringMatching(
      /^install go\.temporal\.io\/server\/cmd\/server@v[\d.]+ go\.temporal\.io\/.*\/sql@v[\d.]+$/,
    ),
  ]);
  expect(told).toHaveLength(1);
});

it('two that build it at once are both served', async () => {
  await provideGo('sleep 0.2; touch "$GOBIN/server" "$GOBIN/sql"');
  const [one, other] = await Promise.all([find(), find()]);
  expect(one).toEqual(other);
  expect(one).toBeDefined();
  expect(await kept()).toHaveLength(1);
});

it('a build that fails says why and leaves nothing', async () => {
  await provideGo('touch "$GOBIN/server"; echo "go: no such module" >&2; exit 1');
  expect(await find()).toBeUndefined();
  expect(told.at(-1)).toBe(
    'The Temporal server cannot be built (go: no such module): Temporal is the embedded one',
  );
  expect(await kept()).toEqual([]);
});
