import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadAgents } from '../../src/agents/loader.ts';
import { runProgram } from './run-cli.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-init-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('writes a project whose agent can be published, named by its folder', async () => {
  const project = join(folder, 'My Agents');
  const { code, stdout } = await runProgram(['init', project]);
  expect(code).toBe(0);
  expect(stdout).toContain('npm test');
  const written = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
  expect(written).toMatchObject({ name: 'my-agents', scripts: { start: 'agent-host start' } });
  expect(Object.values({ ...written.dependencies, ...written.devDependencies })).not.toContain(undefined);
  expect(await readdir(project)).toContain('.gitignore');
  const [agent] = await loadAgents(join(project, 'workflows'));
  expect(agent?.definition.code).toBe('greeter');
});

test('leaves a folder alone that holds something', async () => {
  await runProgram(['init', join(folder, 'a')]);
  const { code, stderr } = await runProgram(['init', folder]);
  expect(code).toBe(2);
  expect(stderr).toContain('is not empty');
  expect(await readdir(folder)).toEqual(['a']);
});
