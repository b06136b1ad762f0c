import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyFile, rotateKeyFile } from '../../src/signing/key-file.ts';

let folder: string;
const file = () => join(folder, 'signing-keys.json');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-keys-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the keys of a data directory', () => {
  it('are made once, for their owner only', async () => {
    const made = await openKeyFile(folder);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    const again = await openKeyFile(folder);
    expect(again.publicJwks).toEqual(made.publicJwks);
    expect(again.current.privateKey.equals(made.current.privateKey)).toBe(true);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('are made anew over what a death in the middle of writing left', async () => {
    await writeFile(`${file()}.new`, '{"keys": [', { mode: 0o644 });
    await openKeyFile(folder);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['signing-keys.json']);
  });

  it('stay published when they are rotated, without their private part', async () => {
    const kids = [(await openKeyFile(folder)).current.kid];
    for (const _ of [1, 2]) kids.unshift((await rotateKeyFile(folder)).current.kid);
    const { current, publicJwks } = await openKeyFile(folder);
    expect(new Set(kids).size).toBe(3);
    expect(current.kid).toBe(kids[0]);
    expect(publicJwks.map(({ kid }) => kid)).toEqual(kids);
    const { keys } = JSON.parse(await readFile(file(), 'utf8'));
    expect(keys.map((key: object) => 'd' in key)).toEqual([true, false, false]);
  });

  it('are not made anew over a file that cannot be read', async () => {
    await writeFile(file(), 'broken');
    for (const open of [openKeyFile, rotateKeyFile]) {
      await expect(open(folder)).rejects.toMatchObject({
        code: 'config',
        message: expect.stringContaining(`DATA_DIR ${file()}: `),
      });
    }
    expect(await readFile(file(), 'utf8')).toBe('broken');
  });
});
