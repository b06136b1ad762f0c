import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { keepBundle, keptBundle } from '../../src/temporal/bundle-cache.ts';

let folder: string;
let workflow: string;
let answer: string;
/** What is kept of one bundle. */
let entry: { buildId: string; code: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  workflow = join(folder, 'workflow.ts');
  answer = join(folder, 'answer.js');
  await writeCode();
  await bundleWorkflows({ workflowFiles: [workflow] });
  entry = JSON.parse(gunzipSync(await readFile(await keptFile())).toString());
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const bundles = () => join(folder, 'workflow-agent-host', 'bundles');

async function keptFile(): Promise<string> {
  const [name, ...more] = await readdir(bundles());
  expect(more).toEqual([]);
  return join(bundles(), String(name));
}

/** Files of this moment are never kept: they might change while they are bundled. */
async function old(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  const before = new Date(Date.now() - 60_000);
  await utimes(path, before, before);
}

async function writeCode(): Promise<void> {
  await old(workflow, 'import { answer } from "./answer"; export const asks = async () => answer;');
  await old(answer, 'export const answer = "from the script";');
}

const kept = () => keptBundle({ workflowFiles: [workflow] });

test('what was bundled before is used again while nothing has changed', async () => {
  await writeFile(await keptFile(), gzipSync(JSON.stringify({ ...entry, buildId: 'kept' })));
  expect(await bundleWorkflows({ workflowFiles: [workflow] })).toEqual({
    buildId: 'kept',
    code: expect.stringContaining('from the script'),
  });
});

test('a file that is taken in and changes makes what is kept useless, as does one that is gone', async () => {
  await old(answer, 'export const answer = "another";');
  expect(await kept()).toBeUndefined();
  await rm(answer);
  expect(await kept()).toBeUndefined();
  await writeCode();
  expect(await kept()).toBeDefined();
});

test('so does a new file that would be taken before another', async () => {
  const before = join(folder, 'answer.ts');
  await old(before, 'export const answer: string = "from TypeScript";');
  expect(await kept()).toBeUndefined();
  await rm(before);
  expect(await kept()).toBeDefined();
});

test('what is kept and damaged is not used', async () => {
  const file = await keptFile();
  for (const text of ['no bundle', (await readFile(file)).subarray(0, -100), gzipSync('no JSON')]) {
    await writeFile(file, text);
    expect(await kept()).toBeUndefined();
  }
  await writeFile(file, gzipSync(JSON.stringify(entry)));
  expect(await kept()).toBeDefined();
});

test('a file written while it is bundled is not kept', async () => {
  await rm(await keptFile());
  await old(answer, 'export const answer = "old";');
  const given = { files: [workflow, answer], absent: [] };
  const { mtimeMs } = await stat(answer);
  await keepBundle({ workflowFiles: [workflow] }, entry, { ...given, begun: mtimeMs });
  expect(await readdir(bundles())).toEqual([]);
  await keepBundle({ workflowFiles: [workflow] }, entry, { ...given, begun: mtimeMs + 5_000 });
  expect(await kept()).toEqual({ buildId: entry.buildId, code: entry.code });
});

test('of many the latest are kept, and a folder that cannot be written is no hindrance', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, index) => old(join(bundles(), `${index}.gz`), '')));
  const keep = () =>
    keepBundle({ workflowFiles: [workflow] }, entry, { files: [], absent: [], begun: Date.now() });
  await keep();
  expect(await readdir(bundles())).toHaveLength(32);
  expect(await kept()).toBeDefined();
  vi.stubEnv('XDG_CACHE_HOME', workflow);
  await keep();
  expect(await kept()).toBeUndefined();
});
