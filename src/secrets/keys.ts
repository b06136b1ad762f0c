import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { HostError, messageOf } from '../errors.ts';
import { SecretBox } from './box.ts';

const NAME = 'secret-key';
const NEW_KEY_COMMAND = 'openssl rand -base64 32';

export interface SecretSettings {
  GATEWAY_SECRET_KEY?: string[] | undefined;
  DATABASE_URL?: string | undefined;
}

/**
 * The box of GATEWAY_SECRET_KEY; undefined when this host keeps a key of its own, in DATA_DIR.
 * @throws HostError `config` when the setting is missing beside a database that others may share.
 */
export function givenSecretBox({ GATEWAY_SECRET_KEY, DATABASE_URL }: SecretSettings): SecretBox | undefined {
  if (GATEWAY_SECRET_KEY !== undefined) return new SecretBox(GATEWAY_SECRET_KEY);
  if (DATABASE_URL === undefined) return undefined;
  throw new HostError(
    'config',
    `GATEWAY_SECRET_KEY: must be given with DATABASE_URL, the same for all who share that database; make one with ${NEW_KEY_COMMAND}`,
    { field: 'GATEWAY_SECRET_KEY' },
  );
}

/**
 * The box of a data directory that the caller holds; its key is made when there is none yet. A key that is put before
 * the others later is used from then on.
 * @throws HostError `config` when the file cannot be read or written. It is never made anew over a broken one: what
 * was sealed with it could not be opened any more.
 */
export async function openSecretBox(dataDir: string): Promise<SecretBox> {
  const path = join(dataDir, NAME);
  return asConfigError(path, async () => {
    if (readKeys(path) === undefined) await writeKeys(path, [newKey()]);
    return new SecretBox(keysOfFile(path));
  });
}

/**
 * Puts a new key before those of a data directory, for running hosts too, and keeps the last one behind it.
 * @returns the box of all, and what forgets those before the last one, once nothing is sealed with them.
 * @throws HostError `config` as above.
 */
export async function rotateKeyFile(
  dataDir: string,
): Promise<{ box: SecretBox; forgetOld(): Promise<void> }> {
  const path = join(dataDir, NAME);
  return asConfigError(path, async () => {
    const keys = [newKey(), ...(readKeys(path) ?? [])];
    await writeKeys(path, keys);
    return {
      box: new SecretBox(keys),
      // With the last one a host may be sealing just now.
      forgetOld: () => writeKeys(path, keys.slice(0, 2)),
    };
  });
}

const newKey = (): string => randomBytes(32).toString('base64');

const writeKeys = (path: string, keys: string[]): Promise<void> => writeDurably(path, `${keys.join('\n')}\n`);

/** Undefined when there is no such file. */
function readKeys(path: string): string[] | undefined {
  try {
    const keys = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    if (keys.length === 0 || keys.some((key) => key.length < 32)) throw new Error('it holds no key');
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The keys of the file as it now is: looked at each time, which takes microseconds, and read when it is another. */
function keysOfFile(path: string): () => readonly string[] {
  let known: { version: string; keys: readonly string[] } | undefined;
  return () => {
    const { ino, mtimeMs } = statSync(path);
    const version = `${ino} ${mtimeMs}`;
    if (known?.version !== version) known = { version, keys: readKeys(path) ?? [] };
    return known.keys;
  };
}

async function asConfigError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new HostError('config', `DATA_DIR ${path} cannot be used: ${messageOf(error)}`, {
      field: 'DATA_DIR',
      cause: error,
    });
  }
}
