import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lockDataDir } from '../../src/embedded/data-dir.ts';
import { openKeyFile } from '../../src/signing/key-file.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { runProgram } from './run-cli.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-signing-'));
});

afterAll(() => rm(folder, { recursive: true }));

const rotate = (env: Record<string, string>) => runProgram(['signing', 'rotate', '--json'], { env });

it('rotates the keys of DATA_DIR, of a host that is stopped', async () => {
  const DATA_DIR = join(folder, 'data');
  const dataDir = await lockDataDir(DATA_DIR);
  const before = await openKeyFile(DATA_DIR);
  expect(await rotate({ DATA_DIR })).toMatchObject({ code: 2, stdout: expect.stringContaining('in use') });
  await dataDir.release();
  const { code, stdout } = await rotate({ DATA_DIR });
  expect({ code, ...JSON.parse(stdout) }).toEqual({
    code: 0,
    kid: (await openKeyFile(DATA_DIR)).current.kid,
    old: [before.current.kid],
  });
});

it.each([
  ['SIGNING_KEY', newSigningKey()],
  ['DATABASE_URL', 'postgresql://db/x'],
])('with %s there is nothing to rotate', async (name, value) => {
  const DATA_DIR = join(folder, name);
  const { code, stdout } = await rotate({ DATA_DIR, [name]: value });
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error.message).toMatch(/^SIGNING_KEY: /);
});
