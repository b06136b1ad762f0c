/** The package as it would be published: packed, installed in an empty folder, used by others' code. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentUrl, call, userMessage } from '../support/rpc.ts';

const exec = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
let folder: string;
let tarball: string;

/** As a user in a folder of their own; what this test's npm has set is not theirs. */
const run = (cwd: string, command: string, ...args: string[]) => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  return exec(command, args, { cwd, env: { ...env, NODE_ENV: '' }, maxBuffer: 32_000_000 });
};

describe.runIf(process.env.FULL)('the packed package', () => {
  let started: ChildProcess | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-host-package-'));
    // As root, Postgres runs as another user, who must be able to get in.
    await chmod(folder, 0o711);
    const { stdout } = await run(
      root,
      'npm',
      'pack',
      '--ignore-scripts',
      '--silent',
      '--pack-destination',
      folder,
    );
    tarball = join(folder, stdout.trim());
  }, 300_000);

  afterAll(async () => {
    if (started?.exitCode === null) {
      started.kill('SIGTERM');
      await new Promise((done) => started?.once('exit', done));
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('init makes a project that is tested, type-checked and started', { timeout: 1_500_000 }, async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await writeFile(join(empty, 'package.json'), '{ "private": true, "type": "module" }');
    await run(empty, 'npm', 'install', tarball);
    await run(empty, 'npx', 'agent-host', 'init', 'demo');
    const demo = join(empty, 'demo');
    await run(demo, 'npm', 'install', tarball);
    expect((await run(demo, 'npm', 'test')).stdout).toMatch(/pass 2\n/);
    await run(demo, 'npm', 'run', 'types');

    started = spawn(process.execPath, ['node_modules/workflow-agent-host/dist/main.js', 'start'], {
      cwd: demo,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: started.stdout as NodeJS.ReadableStream });
    const [line] = (await new Promise((done) => lines.once('line', (...said) => done(said)))) as string[];
    const url = /^ready (\S+)$/.exec(line ?? '')?.[1] ?? '';
    const params = { message: userMessage('Ada') };
    const { task } = await call(agentUrl(url, 'greeter'), 'SendMessage', params, { version: '1.0' });
    expect(task.status.message.parts[0].text).toMatch(/^Good \w+, Ada!$/);
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
    expect((await fetch(`${url}/${script}`)).status).toBe(200);
  });

  it('every entry is there, in ESM and in its types', { timeout: 300_000 }, async () => {
    const project = join(folder, 'empty/demo');
    await writeFile(
      join(project, 'test/entries.ts'),
      `import { defineAgent } from 'workflow-agent-host';
       import { readFile } from 'workflow-agent-host/activity';
       import { connectAgent } from 'workflow-agent-host/client';
       import { createHost } from 'workflow-agent-host/host';
       import { createWorker } from 'workflow-agent-host/worker';
       import { agentWorkflow } from 'workflow-agent-host/workflow';
       const all: ((...args: never[]) => unknown)[] =
         [defineAgent, readFile, connectAgent, createHost, createWorker, agentWorkflow];
       // @ts-expect-error a setting that is none
       const wrong = () => createHost({ PROT: 1 });
       console.log(all.concat(wrong).map((each) => typeof each).join());`,
    );
    await run(project, 'npx', 'tsc');
    const { stdout } = await run(project, process.execPath, '--import', 'tsx', 'test/entries.ts');
    expect(stdout.trim().split(',')).toEqual(Array(7).fill('function'));
  });
});
