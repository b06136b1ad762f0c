import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockDataDir } from '../../src/embedded/data-dir.ts';
import { startToken } from '../../src/embedded/process-identity.ts';
import { gone, refusalOf, startHost, temporaryDir } from './helpers.ts';

describe('a data directory', { timeout: 20_000 }, () => {
  test('is created for its owner only, and free again after release', async () => {
    const dir = join(await temporaryDir(), 'deep', 'data');
    const first = await lockDataDir(dir);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    await first.release();
    expect(await readdir(dir)).toEqual([]);
    await (await lockDataDir(dir)).release();
  });

  test('refuses a second host with one line that names DATA_DIR and the pid', async () => {
    const dir = await temporaryDir();
    const host = await startHost('hold', dir);
    await expect(lockDataDir(dir)).rejects.toMatchObject({
      code: 'config',
      message: `DATA_DIR ${dir} is in use by another host (pid ${host.pid}): stop it or set another DATA_DIR`,
    });
    await host.kill();
    await (await lockDataDir(dir)).release();
  });

  test('is not taken twice by one process', async () => {
    const dir = await temporaryDir();
    const held = await lockDataDir(dir);
    await expect(lockDataDir(dir)).rejects.toMatchObject({ code: 'config' });
    await held.release();
  });

  test('goes to exactly one of several hosts that start at once over a dead one’s lock', async () => {
    const dir = await temporaryDir();
    await (await startHost('hold', dir)).kill();
    const starts = await Promise.allSettled([1, 2, 3, 4].map(() => startHost('hold', dir)));
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await readdir(dir)).filter((name) => name.endsWith('.lock'))).toHaveLength(1);
  });

  test('does not mistake a reused pid for a live host', async () => {
    const dir = await temporaryDir();
    await writeFile(join(dir, `host-${process.ppid}-another-start.lock`), 'held\n');
    await (await lockDataDir(dir)).release();
    expect(await readdir(dir)).toEqual([]);
  });

  test('ends remembered children that are still there, and nobody with a reused pid', async () => {
    const dir = await temporaryDir();
    const sleeper = () => spawn('sleep', ['600'], { stdio: 'ignore' });
    const [leftover, stranger] = [sleeper(), sleeper()];
    const record = [
      { pid: leftover.pid, token: startToken(Number(leftover.pid)), signal: 'SIGTERM' },
      { pid: stranger.pid, token: 'another-start', signal: 'SIGTERM' },
    ];
    await writeFile(join(dir, 'children.json'), JSON.stringify(record));
    const held = await lockDataDir(dir);
    await gone([Number(leftover.pid)]);
    expect(startToken(Number(stranger.pid))).toBeDefined();
    await held.release();
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  test('that cannot be created is a config error', async () => {
    const dir = await temporaryDir();
    await writeFile(join(dir, 'file'), '');
    await expect(lockDataDir(join(dir, 'file', 'data'))).rejects.toMatchObject({ code: 'config' });
    await mkdir(join(dir, 'sub'));
    expect((await refusalOf('hold', join(dir, 'file'))).message).toMatch(/^DATA_DIR .* cannot be used: /);
  });
});
