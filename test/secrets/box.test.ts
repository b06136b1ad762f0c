import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecretBox } from '../../src/secrets/box.ts';
import { givenSecretBox, openSecretBox, rotateKeyFile } from '../../src/secrets/keys.ts';
import { rewrapAll, type SealedSecrets } from '../../src/secrets/rotate.ts';

const ONE = 'one key, which is as long as a key must be';
const OTHER = 'another key that is as long as a key must be';
/** `hush ü` for `a`, under ONE. */
const BEFORE_DATA_KEYS = 'zCsw6-I9.por4CN4C-FGmzNxiiEZciLJWEqEBhNebp0ig9ehVBnlqmxc';

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
    const texts = sealed.split('.');
    for (const place of [1, 2]) {
      const bytes = Buffer.from(texts[place] ?? '', 'base64url');
      bytes[14] = (bytes[14] as number) ^ 1;
      const changed = texts.with(place, bytes.toString('base64url')).join('.');
      expect(() => new SecretBox([ONE]).open(changed, 'a')).toThrow();
      expect(() => new SecretBox([ONE]).open(texts.with(place, '').join('.'), 'a')).toThrow();
    }
    expect(() => new SecretBox([OTHER]).open(sealed, 'a')).toThrow(/not given/);
  });

  it('with a new key before the old one opens both and seals with the new', () => {
    const old = new SecretBox([ONE]).seal('old', 'a');
    const rotated = new SecretBox([OTHER, ONE]);
    expect(rotated.open(old, 'a')).toBe('old');
    expect(new SecretBox([OTHER]).open(rotated.seal('new', 'a'), 'a')).toBe('new');
  });

  it('has a data key for each secret, good for that secret alone', () => {
    const box = new SecretBox([ONE]);
    const [one, two] = [box.seal('one', 'a').split('.'), box.seal('two', 'a').split('.')];
    expect(one[1]).not.toBe(two[1]);
    expect(() => box.open([one[0], two[1], one[2]].join('.'), 'a')).toThrow();
    // A data key is no secret to be shown, wherever it is copied.
    expect(() => box.open([one[0], one[1]].join('.'), 'a')).toThrow();
  });

  it('brings a secret under a new key: its data key anew, and not the secret itself', () => {
    const old = new SecretBox([ONE]).seal('hush', 'a');
    const rotated = new SecretBox([OTHER, ONE]);
    const wrapped = rotated.rewrap(old, 'a') ?? '';
    expect(wrapped.split('.')[2]).toBe(old.split('.')[2]);
    expect(wrapped.split('.')[0]).toBe(rotated.keyId);
    expect(new SecretBox([OTHER]).open(wrapped, 'a')).toBe('hush');
    expect(() => new SecretBox([ONE]).open(wrapped, 'a')).toThrow(/not given/);
    expect(rotated.rewrap(wrapped, 'a')).toBeUndefined();
    expect(() => rotated.rewrap(old, 'b')).toThrow();
  });

  it('opens what was sealed before there were data keys, and gives it one', () => {
    const box = new SecretBox([ONE]);
    expect(box.open(BEFORE_DATA_KEYS, 'a')).toBe('hush ü');
    expect(() => box.open(BEFORE_DATA_KEYS, 'b')).toThrow();
    const wrapped = box.rewrap(BEFORE_DATA_KEYS, 'a') ?? '';
    expect(wrapped.split('.')).toHaveLength(3);
    expect(box.open(wrapped, 'a')).toBe('hush ü');
  });

  it('tells texts apart by digests that nobody makes without the key', () => {
    const box = new SecretBox([ONE]);
    expect(box.digest('a')).toBe(new SecretBox([ONE, OTHER]).digest('a'));
    expect(box.digest('b')).not.toBe(box.digest('a'));
    expect(new SecretBox([OTHER]).digest('a')).not.toBe(box.digest('a'));
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

  it('gives way to a new one in a box that is open, which still opens all', async () => {
    const box = await openSecretBox(folder);
    const sealed = [box.seal('first', 'a')];
    for (const text of ['second', 'third']) {
      const before = box.keyId;
      const { box: rotated, forgetOld } = await rotateKeyFile(folder);
      expect(box.keyId).toBe(rotated.keyId);
      expect(box.keyId).not.toBe(before);
      sealed.push(box.seal(text, 'a'));
      expect(sealed.map((each) => box.open(each, 'a'))).toEqual(
        ['first', 'second', 'third'].slice(0, sealed.length),
      );
      await forgetOld();
    }
    // The key before the last one is kept for what was being sealed; the one before that is gone.
    expect(box.open(sealed[1] ?? '', 'a')).toBe('second');
    expect(() => box.open(sealed[0] ?? '', 'a')).toThrow(/not given/);
    expect((await stat(join(folder, 'secret-key'))).mode & 0o777).toBe(0o600);
  });

  it('is never made anew over a broken one', async () => {
    await writeFile(join(folder, 'secret-key'), 'broken');
    for (const open of [openSecretBox, rotateKeyFile]) {
      await expect(open(folder)).rejects.toMatchObject({ code: 'config', field: 'DATA_DIR' });
    }
    expect(await readFile(join(folder, 'secret-key'), 'utf8')).toBe('broken');
  });

  it('must be given beside a database that others may share', () => {
    expect(givenSecretBox({})).toBeUndefined();
    expect(givenSecretBox({ GATEWAY_SECRET_KEY: [ONE], DATABASE_URL: 'x' })).toBeInstanceOf(SecretBox);
    expect(() => givenSecretBox({ DATABASE_URL: 'x' })).toThrow(/^GATEWAY_SECRET_KEY: must be given/);
  });
});

describe('a rotation', () => {
  /** A table in memory. */
  const tableOf = (rows: Map<string, string>): SealedSecrets => ({
    page: async (after, limit) =>
      [...rows]
        .filter(([id]) => after === undefined || id > after)
        .sort()
        .slice(0, limit)
        .map(([id, sealed]) => ({ id, sealed, context: `row/${id}` })),
    replace: async (id, from, to) => {
      if (rows.get(id) === from) rows.set(id, to);
    },
  });

  it('brings all of every table under the first key, and leaves alone what it cannot open', async () => {
    const old = new SecretBox([ONE]);
    const ids = Array.from({ length: 1_201 }, (_, index) => String(index).padStart(5, '0'));
    const rows = new Map(ids.map((id) => [id, old.seal(id, `row/${id}`)]));
    const lost = new Map([
      ['x', new SecretBox(['a key that is not given any more at all']).seal('x', 'row/x')],
    ]);
    const [kept] = [...lost.values()];
    const box = new SecretBox([OTHER, ONE]);
    const report = await rewrapAll(box, [tableOf(lost), tableOf(rows)]);
    expect(report).toEqual({ rewrapped: 1_201, problems: [expect.stringMatching(/^row\/x: .*not given$/)] });
    const only = new SecretBox([OTHER]);
    expect(ids.map((id) => only.open(rows.get(id) ?? '', `row/${id}`))).toEqual(ids);
    expect(lost.get('x')).toBe(kept);
    expect(await rewrapAll(box, [tableOf(rows)])).toEqual({ rewrapped: 0, problems: [] });
  });

  it('does not undo what was written meanwhile', async () => {
    const old = new SecretBox([ONE]);
    const rows = new Map([['a', old.seal('before', 'row/a')]]);
    const table = tableOf(rows);
    const meanwhile = old.seal('meanwhile', 'row/a');
    const racing = {
      ...table,
      page: async (...given: Parameters<SealedSecrets['page']>) => {
        const page = await table.page(...given);
        rows.set('a', meanwhile);
        return page;
      },
    };
    await rewrapAll(new SecretBox([OTHER, ONE]), [racing]);
    expect(rows.get('a')).toBe(meanwhile);
  });
});
