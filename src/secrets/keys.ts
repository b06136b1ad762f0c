import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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
 * The box of a data directory that the caller holds; its key is made when there is none yet.
 * @throws HostError `config` when the file cannot be read or written. It is never made anew over a broken one: what
 * was sealed with it could not be opened any more.
 */
export async function openSecretBox(dataDir: string): Promise<SecretBox> {
  const path = join(dataDir, NAME);
  try {
    const known = await readKey(path);
    const key = known ?? randomBytes(32).toString('base64');
    if (known === undefined) await writeDurably(path, `${key}\n`);
    return new SecretBox([key]);
  } catch (error) {
    throw new HostError('config', `DATA_DIR ${path} cannot be used: ${messageOf(error)}`, {
      field: 'DATA_DIR',
      cause: error,
    });
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    const key = (await readFile(path, 'utf8')).trim();
    if (key.length < 32) throw new Error('it holds no key');
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
