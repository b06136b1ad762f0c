import { ApiKeys } from '../../src/auth/api-keys.ts';
import { PrismaApiKeyStore } from '../../src/storage/api-key-store.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { runningPostgresUrl } from '../../src/storage/running-postgres.ts';
import { until } from './until.ts';

export interface KeyMaker {
  /** An API key of a caller by this name. */
  make(name: string, scopes: string): Promise<string>;
  revoke(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes keys in a record that a product has migrated: as `agent-host keys create` does, in a fraction of its time. */
export function keysOn(databaseUrl: string): KeyMaker {
  const db = openDatabase({ url: databaseUrl });
  const keys = new ApiKeys(new PrismaApiKeyStore(db));
  return {
    make: async (name, scopes) =>
      (await keys.create({ name, scopes: scopes.split(',') }, { by: 'test' })).secret,
    revoke: async (key) => void (await keys.revoke(key.slice(0, 15), { by: 'test' })),
    close: () => db.$disconnect(),
  };
}

/** The same in the record of a product that runs on a DATA_DIR of its own. */
export async function keysIn(dataDir: string): Promise<KeyMaker> {
  const url = await runningPostgresUrl(dataDir);
  if (url === undefined) throw new Error(`no product runs on ${dataDir}`);
  return keysOn(url);
}

/** Until a product that began without keys asks for one. */
export const closedDoor = (url: string) =>
  until('a closed door', async () => ((await fetch(`${url}/v1/me`)).status === 401 ? true : undefined));
