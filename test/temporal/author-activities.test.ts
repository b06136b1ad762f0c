import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadActivities } from '../../src/temporal/author-activities.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** An agent whose activities are this module. */
async function agent(code: string, module: string) {
  const activitiesFile = join(folder, `${code}.mjs`);
  await writeFile(activitiesFile, module);
  return { definition: { code }, activitiesFile };
}

test('the exported functions of all agents, by name', async () => {
  const activities = await loadActivities([
    await agent('one', 'export async function a() { return 1 }; export const limit = 5;'),
    { definition: { code: 'none' } },
    await agent('two', 'export const b = async () => 2; export class NotOne {}; export default 7;'),
  ]);
  expect(await activities.a?.()).toBe(1);
  expect(await activities.b?.()).toBe(2);
  // Neither constants nor defaults are activities.
  expect(Object.keys(activities)).not.toContain('limit');
  expect(Object.keys(activities)).not.toContain('default');
});

test('no agents, no activities', async () => {
  expect(await loadActivities([])).toEqual({});
});

test('two agents with one name are told by it, both of them', async () => {
  const sources = [
    await agent('first', 'export async function charge() {}'),
    await agent('second', 'export async function charge() {}'),
  ];
  await expect(loadActivities(sources)).rejects.toThrow(
    expect.objectContaining({
      code: 'config',
      message: 'agents first and second both have an activity charge',
    }),
  );
});

test.each([
  ['breaks', 'throw new Error("no key")', /breaks\.mjs cannot be loaded: no key/],
  ['typo', 'export async function a() {', /typo\.mjs cannot be loaded: /],
  ['missing', 'import "./nowhere.mjs"', /missing\.mjs cannot be loaded: /],
])('a file that %s is told by its path', async (code, module, message) => {
  await expect(loadActivities([await agent(code, module)])).rejects.toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringMatching(message) }),
  );
});
