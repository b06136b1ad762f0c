import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecretBox } from '../../src/secrets/box.ts';
import { givenSecretBox, openSecretBox } from '../../src/secrets/keys.ts';

const ONE = 'one key, which is as long as a key must be';
const OTHER = 'another key that is as long as a key must be';

describe('a secret box', () => {
  it('opens what it sealed, for the same thing alone', () => {
    const box = new SecretBox([ONE]);
    const sealed = box.seal('hush ü', 'a');
    expect(sealed).not.toContain('hush');
    expect(box.open(sealed, 'a')).toBe('hush ü');
    expect(box.seal('hush ü', 'a')).not.toBe(sealed);
    expect(() => box.open(sealed, 'b')).toThrow();
  });

  it('refuses what was changed or sealed with another key', () => {
    const sealed = new SecretBox([ONE]).seal('hush', 'a');
    const [id, text = ''] = sealed.split('.');
    const bytes = Buffer.from(text, 'base64url');
    bytes[14] = (bytes[14] as number) ^ 1;
    expect(() => new SecretBox([ONE]).open(`${id}.${bytes.toString('base64url')}`, 'a')).toThrow();
    expect(() => new SecretBox([ONE]).open(`${id}.`, 'a')).toThrow();
    expect(() => new SecretBox([OTHER]).open(sealed, 'a')).toThrow(/not given/);
  });

  it('with a new key before the old one opens both and seals with the new', () => {
    const old = new SecretBox([ONE]).seal('old', 'a');
    const rotated = new SecretBox([OTHER, ONE]);
    expect(rotated.open(old, 'a')).toBe('old');
    expect(new SecretBox([OTHER]).open(rotated.seal('new', 'a'), 'a')).toBe('new');
  });
});

describe('its key', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-host-secrets-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is made once, for its owner’s eyes, and kept', async () => {
    const sealed = (await openSecretBox(folder)).seal('hush', 'a');
    expect((await openSecretBox(folder)).open(sealed, 'a')).toBe('hush');
    expect((await stat(join(folder, 'secret-key'))).mode & 0o777).toBe(0o600);
  });

  it('is never made anew over a broken one', async () => {
    await writeFile(join(folder, 'secret-key'), 'broken');
    await expect(openSecretBox(folder)).rejects.toMatchObject({ code: 'config', field: 'DATA_DIR' });
    expect(await readFile(join(folder, 'secret-key'), 'utf8')).toBe('broken');
  });

  it('must be given beside a database that others may share', () => {
    expect(givenSecretBox({})).toBeUndefined();
    expect(givenSecretBox({ GATEWAY_SECRET_KEY: [ONE], DATABASE_URL: 'x' })).toBeInstanceOf(SecretBox);
    expect(() => givenSecretBox({ DATABASE_URL: 'x' })).toThrow(/^GATEWAY_SECRET_KEY: must be given/);
  });
});
