import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGuarded } from '../../src/embedded/guarded-process.ts';
import { startToken } from '../../src/embedded/process-identity.ts';
import { gone, startHost, temporaryDir, until } from './helpers.ts';

const STUBBORN = 'trap "" TERM; echo deaf; while :; do sleep 1; done';

/** All live processes of the child's group: the child, its descendants and its guard. */
const groupOf = (pid: number): number[] =>
  execFileSync('ps', ['-eo', 'pid=,pgid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, group, state]) => Number(group) === pid && !state?.startsWith('Z'))
    .map(([each]) => Number(each));

describe('a guarded process', { timeout: 20_000 }, () => {
  test('is the program itself, and tells its exit code and last words', async () => {
    const child = startGuarded({
      command: '/bin/sh',
      args: ['-c', 'echo "pid $$"; echo trouble >&2; exit 3'],
      signal: 'SIGTERM',
    });
    const { code, output } = await child.exited;
    expect(code).toBe(3);
    expect(output.split('\n').sort()).toEqual([`pid ${child.pid}`, 'trouble']);
    await child.stop();
    await until(() => groupOf(child.pid).length === 0, 'its guard to leave');
  });

  test('says so when the program does not exist', async () => {
    const { code, output } = await startGuarded({ command: '/nowhere/at-all', args: [], signal: 'SIGTERM' })
      .exited;
    expect(code).toBe(127);
    expect(output).toContain('/nowhere/at-all');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('stop() sends %s, once, and waits', async (signal) => {
    const dir = await temporaryDir();
    const name = signal.slice(3);
    const script = `trap 'echo ${name} >> "${dir}/got"; exit 0' ${name}; echo up; while :; do sleep 0.05; done`;
    let up = false;
    const child = startGuarded({
      command: '/bin/sh',
      args: ['-c', script],
      signal,
      onLine: () => {
        up = true;
      },
    });
    await until(() => up, 'its first line');
    await Promise.all([child.stop(), child.stop()]);
    expect(startToken(child.pid)).toBeUndefined();
    expect(await readFile(join(dir, 'got'), 'utf8')).toBe(`${name}\n`);
  });

  test('that does not listen is killed after the grace', async () => {
    let deaf = false;
    const child = startGuarded({
      command: '/bin/sh',
      args: ['-c', STUBBORN],
      signal: 'SIGTERM',
      graceSeconds: 0.3,
      onLine: () => {
        deaf = true;
      },
    });
    await until(() => deaf, 'its trap');
    await child.stop();
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('is ended by the host when its guard was killed', async () => {
    const child = startGuarded({ command: 'sleep', args: ['60'], signal: 'SIGTERM', graceSeconds: 0.1 });
    await until(() => groupOf(child.pid).length === 2, 'its guard');
    for (const pid of groupOf(child.pid)) if (pid !== child.pid) process.kill(pid, 'SIGKILL');
    await child.stop();
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('is in a session of its own, where Ctrl-C does not reach it', async () => {
    const child = startGuarded({ command: 'sleep', args: ['60'], signal: 'SIGTERM' });
    const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(child.pid)], { encoding: 'utf8' });
    expect(Number(group)).toBe(child.pid);
    await child.stop();
  });

  test.each([
    ['one that ends when asked', ['sleep', '600']],
    ['one that does not listen', ['/bin/sh', '-c', STUBBORN]],
    ['one with children of its own', ['/bin/sh', '-c', 'sleep 600 & sleep 600; exit']],
  ])('ends when its host is killed -9: %s', async (_, command) => {
    const host = await startHost('guard', ...command);
    const [pid = 0] = host.report.pids;
    await until(() => groupOf(pid).length >= 2, 'its guard');
    await host.kill();
    await gone([pid]);
    await until(() => groupOf(pid).length === 0, 'its guard and descendants to leave');
  });
});
