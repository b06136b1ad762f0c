import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'config', message: expect.stringMatching(message) });

test('the workflows of several files, in TypeScript and JavaScript, are one bundle', async () => {
  const { code } = await bundleWorkflows({
    workflowFiles: [
      await file('one.ts', 'export async function workflowOne(): Promise<string> { return "einmal" }'),
      await file('two.mjs', 'export async function workflowTwo() { return "zweimal" }'),
    ],
  });
  for (const part of ['workflowOne', 'einmal', 'workflowTwo', 'zweimal']) expect(code).toContain(part);
});

test('a file outside of any package finds Temporal’s own code where the host’s is', async () => {
  const path = await file(
    'naps.ts',
    'import { sleep } from "@temporalio/workflow"; export const naps = () => sleep(5);',
  );
  expect((await bundleWorkflows({ workflowFiles: [path] })).code).toContain('naps');
});

test('what the sandbox has not is told by its name', async () => {
  const path = await file(
    'fs.ts',
    'import { readFileSync } from "node:fs"; export const reads = () => readFileSync("/x");',
  );
  await expect(bundleWorkflows({ workflowFiles: [path] })).rejects.toThrow(
    refused(/cannot be bundled: .*fs/s),
  );
});

test('a file that is not there and a mistake in one are told, in a few lines', async () => {
  const missing = join(folder, 'nowhere.ts');
  await expect(bundleWorkflows({ workflowFiles: [missing] })).rejects.toThrow(refused(/nowhere\.ts/));
  const broken = await file('broken.ts', 'export async function (');
  const told = await bundleWorkflows({ workflowFiles: [broken] }).catch((error: Error) => error.message);
  expect(told).toMatch(/broken\.ts/);
  expect(String(told).split('\n').length).toBeLessThan(15);
});
