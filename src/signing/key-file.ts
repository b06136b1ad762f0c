import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { writeDurably } from '../durable-file.ts';
import { HostError, messageOf } from '../errors.ts';
import { parseSigningKeys, type SigningKeys } from './keys.ts';

const NAME = 'signing-keys.json';

/**
 * The keys of a data directory that the caller holds; made when there are none yet.
 * @throws HostError `config` when the file cannot be read or written. It is never made anew over a broken one:
 * what its keys signed could not be verified any more.
 */
export async function openKeyFile(dataDir: string): Promise<SigningKeys> {
  return (await readKeyFile(dataDir)) ?? writeKeyFile(dataDir, [newKey()]);
}

/**
 * Puts a new key before the others, of which only the public part is kept.
 * @throws HostError `config` as above.
 */
export async function rotateKeyFile(dataDir: string): Promise<SigningKeys> {
  const former = await readKeyFile(dataDir);
  return writeKeyFile(dataDir, [newKey(), ...(former?.publicJwks ?? [])]);
}

const newKey = (): JWK => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as JWK;

async function readKeyFile(dataDir: string): Promise<SigningKeys | undefined> {
  const path = join(dataDir, NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
  return parseSigningKeys(text, `DATA_DIR ${path}`);
}

async function writeKeyFile(dataDir: string, keys: JWK[]): Promise<SigningKeys> {
  const path = join(dataDir, NAME);
  const text = `${JSON.stringify({ keys }, null, 2)}\n`;
  const parsed = await parseSigningKeys(text, `DATA_DIR ${path}`);
  try {
    await writeDurably(path, text);
  } catch (error) {
    throw unusable(path, error);
  }
  return parsed;
}

const unusable = (path: string, error: unknown): HostError =>
  new HostError('config', `DATA_DIR ${path} cannot be used: ${messageOf(error)}`, {
    field: 'DATA_DIR',
    cause: error,
  });
