import { deepStrictEqual as deepEqual } from 'node:assert';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Wire } from './rpc.ts';
import { until } from './until.ts';

const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;

export interface Launched {
  pid: number;
  /** Resolves with the product when it is ready; rejects when it exits before. */
  ready: Promise<Product>;
  /** All it printed on standard error. */
  log(): string;
  /** How it ended, once it has. */
  exited: Promise<Exit>;
  /** Sends the signal and waits until the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Exit>;
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Product extends Omit<Launched, 'ready'> {
  /** Where it listens, as its ready line says; `worker` for a worker. */
  url: string;
}

const running = new Set<ChildProcess>();

/** Starts the product as its user does, on a free port unless `env` says otherwise; resolves when it is ready. */
export const startProduct = (env: Record<string, string>): Promise<Product> => launchProduct(env).ready;

/** The same without waiting: for what happens to a product while it starts. */
export function launchProduct(env: Record<string, string>): Launched {
  const child = spawn(process.execPath, [MAIN, 'start'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  const process_: Omit<Launched, 'ready'> = {
    pid: child.pid as number,
    log: () => log,
    exited,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
  const ready = Promise.race([
    readyLine(child),
    exited.then(({ code, signal }) => {
      throw new Error(`the product exited with ${code ?? signal} before it was ready:\n${log}`);
    }),
  ]).then((url) => ({ ...process_, url }));
  ready.catch(() => {});
  return { ...process_, ready };
}

async function readyLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^ready (\S+)$/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  // Its exit, which says more, is about to be told.
  return new Promise(() => {});
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the product until it exits by itself; for commands, and for starts that must fail. */
export async function runProduct(
  args: string[],
  env: Record<string, string>,
  input?: string,
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, LOG_LEVEL: 'warn', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdin.end(input ?? '');
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(child);
  return { code, stdout, stderr };
}

/** What a command that must go well prints with --json. */
export async function runJson(args: string[], env: Record<string, string>): Promise<Wire> {
  const { code, stdout, stderr } = await runProduct(['--json', ...args], env);
  // Not vitest's: the measurements start the product, too.
  deepEqual({ code, stderr }, { code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Ends what a failed test left; the embedded servers end with their host. */
export async function endAllProducts(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const exited = once(child, 'exit');
      if (child.kill('SIGTERM')) await exited;
    }),
  );
}

/** The same at once, for the end of a file, when nothing comes after that could find what an orderly stop puts away. */
export async function killAllProducts(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    }),
  );
}

/** A data directory of its own, away from everything. Removed when the servers of a killed host have left it. */
export async function temporaryDataDir(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  return {
    path,
    remove: async () => {
      await until('its servers have ended', async () =>
        (await processesNaming(path))[0] ? undefined : true,
      );
      await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
    },
  };
}

/** The processes whose command line names the text, such as the embedded servers of a data directory (Linux). */
export async function processesNaming(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return line.includes(text) ? [`${pid} ${line.replaceAll('\0', ' ')}`] : [];
    }),
  );
  return lines.flat();
}

/** Signals a process and its children, whatever sessions they are in. */
export async function signalFamily(pid: number, signal: NodeJS.Signals): Promise<void> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid, ...rows.flatMap(([child, parent]) => (parent === pid && child ? [child] : []))];
  for (const member of family) {
    try {
      process.kill(member, signal);
    } catch (error) {
      // A child may have ended by itself meanwhile.
      if (member === pid) throw error;
    }
  }
}
