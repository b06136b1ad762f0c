import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { startToken } from '../../src/embedded/process-identity.ts';

const HOST = fileURLToPath(new URL('./fixtures/host.ts', import.meta.url));

export interface Host {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly report: { readonly pids: number[]; readonly url?: string; readonly address?: string };
  kill(): Promise<void>;
}

/** A folder that is removed when the test ends. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Starts the fixture and waits until it is ready. It and its children are gone when the test ends. */
export async function startHost(...args: string[]): Promise<Host> {
  const child = spawnHost(args);
  const pids: number[] = [];
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone([Number(child.pid), ...pids]);
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => ['{}'])]);
  const report = JSON.parse(String(line)) as Host['report'];
  if (report.pids === undefined) throw new Error('the host did not start');
  pids.push(...report.pids);
  const kill = async () => {
    child.kill('SIGKILL');
    await gone([Number(child.pid)]);
  };
  return { process: child, pid: Number(child.pid), report, kill };
}

/** Runs the fixture to its end: what it says when it refuses. */
export async function refusalOf(...args: string[]): Promise<{ code: number | null; message: string }> {
  const child = spawnHost(args);
  let message = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    message += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, message: message.trim() };
}

function spawnHost(args: string[]) {
  return spawn(process.execPath, ['--import', 'tsx', HOST, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Waits until none of these processes runs. */
export async function gone(pids: readonly number[]): Promise<void> {
  await until(() => pids.every((pid) => startToken(pid) === undefined), `the end of ${pids.join(', ')}`);
}

export async function until(state: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await state())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(20);
  }
}
