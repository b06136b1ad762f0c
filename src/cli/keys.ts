import { type ApiKey, ApiKeys, expiryOf } from '../auth/api-keys.ts';
import { readConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { withRecord } from '../record.ts';
import { PrismaApiKeyStore } from '../storage/api-key-store.ts';
import type { CommandContext } from './context.ts';
import { CliError, EXIT, type ExitCode, usageError } from './failure.ts';
import { table } from './show/text.ts';

/** Who acts, as the audit log names it. */
const ACTOR = { by: 'command line' };

export interface NewKeyOptions {
  name: string;
  /** With commas between them. */
  scopes: string;
  expires?: string;
}

/** Makes a key and prints it: it is shown this once. */
export async function createKey(
  { env, output }: CommandContext,
  { name, scopes, expires }: NewKeyOptions,
): Promise<ExitCode> {
  const { key, secret } = await onKeys(env, (keys) =>
    keys.create(
      {
        name,
        scopes: scopes.split(',').map((scope) => scope.trim()),
        expiresAt: expires === undefined ? undefined : expiryOf(expires),
      },
      ACTOR,
    ),
  );
  output.object({ key: secret, ...keyJson(key) });
  output.text(secret);
  output.note(`${key.id} of ${key.name} for ${key.scopes.join(', ')}. It is shown this once: keep it now.`);
  return EXIT.ok;
}

export async function listKeys({ env, output }: CommandContext): Promise<ExitCode> {
  const keys = await onKeys(env, (all) => all.list());
  output.object({ keys: keys.map(keyJson) });
  if (keys.length === 0) {
    output.text('There is no API key. Make one with the command `keys create`.');
    return EXIT.ok;
  }
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.scopes.join(','),
    shortTime(key.createdAt),
    shortTime(key.lastUsedAt),
    stateOf(key),
  ]);
  output.text(...table(['id', 'name', 'scopes', 'created', 'last used', 'state'], rows, output.width));
  return EXIT.ok;
}

/** @throws CliError when there is no such key. */
export async function revokeKey({ env, output }: CommandContext, id: string): Promise<ExitCode> {
  const key = await onKeys(env, (keys) => keys.revoke(id, ACTOR));
  if (key === undefined) {
    throw new CliError(`There is no API key ${id}.`, {
      hint: 'The command `keys list` lists what there is.',
    });
  }
  output.object(keyJson(key));
  output.text(`${key.id} of ${key.name} is revoked: no host takes it any more.`);
  return EXIT.ok;
}

async function onKeys<T>(env: CommandContext['env'], work: (keys: ApiKeys) => Promise<T>): Promise<T> {
  try {
    return await withRecord(readConfig(env), (db) => work(new ApiKeys(new PrismaApiKeyStore(db))));
  } catch (error) {
    if (error instanceof HostError && error.code === 'invalid_params') throw usageError(`--${error.message}`);
    throw error;
  }
}

const keyJson = ({ createdAt, expiresAt, revokedAt, lastUsedAt, ...key }: ApiKey) => ({
  id: key.id,
  name: key.name,
  scopes: key.scopes,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  revokedAt: revokedAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});

const shortTime = (time: Date | undefined): string =>
  time?.toISOString().slice(0, 16).replace('T', ' ') ?? '–';

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt !== undefined) return 'revoked';
  if (expiresAt === undefined) return 'valid';
  return expiresAt.getTime() <= Date.now() ? 'expired' : `until ${shortTime(expiresAt)}`;
}
