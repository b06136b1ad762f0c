import { HostError } from '../errors.ts';
import { parseSigningKeys, type SigningKeys } from './keys.ts';

/** Makes an Ed25519 key, in the shape that SIGNING_KEY takes. */
const NEW_KEY_COMMAND =
  "node -p \"crypto.generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })\"";

export interface SigningSettings {
  SIGNING_KEY?: string | undefined;
  DATABASE_URL?: string | undefined;
}

/**
 * The keys of SIGNING_KEY; undefined when this host keeps its own, in DATA_DIR.
 * @throws HostError `config` when the setting holds no keys, or is missing beside a database that others may share.
 */
export async function givenSigningKeys(settings: SigningSettings): Promise<SigningKeys | undefined> {
  const { SIGNING_KEY, DATABASE_URL } = settings;
  if (SIGNING_KEY !== undefined) return parseSigningKeys(SIGNING_KEY, 'SIGNING_KEY');
  if (DATABASE_URL === undefined) return undefined;
  throw new HostError(
    'config',
    `SIGNING_KEY: must be given with DATABASE_URL, the same for all who share that database; make one with ${NEW_KEY_COMMAND}`,
    { field: 'SIGNING_KEY' },
  );
}
