import { ApiKeys } from '../../src/auth/api-keys.ts';
import { PrismaApiKeyStore } from '../../src/storage/api-key-store.ts';
import { openDatabase } from '../../src/storage/client.ts';

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
