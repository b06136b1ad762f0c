import type { ApiKey, ApiKeyStore, StoredKey } from '../auth/api-keys.ts';
import type { AuditEntry } from '../auth/audit.ts';
import { auditRow } from './audit-log.ts';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { reachable } from './client.ts';
import type { PrismaClient, ApiKey as Row } from './generated/client.ts';

/** What the bulletin says, with the id, when a key was revoked. */
export const REVOKED_KEY_TOPIC = 'api-key-revoked';

/** API keys in Postgres. */
export class PrismaApiKeyStore implements ApiKeyStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  insert(key: StoredKey, audit: AuditEntry): Promise<void> {
    return reachable(async () => {
      const { expiresAt, revokedAt, lastUsedAt, ...data } = key;
      await this.#db.$transaction([
        this.#db.apiKey.create({ data: { ...data, expiresAt: expiresAt ?? null } }),
        this.#db.auditEntry.create({ data: auditRow(audit) }),
      ]);
    });
  }

  find(id: string): Promise<StoredKey | undefined> {
    return reachable(async () => {
      const row = await this.#db.apiKey.findUnique({ where: { id } });
      return row === null ? undefined : toKey(row);
    });
  }

  list(): Promise<ApiKey[]> {
    return reachable(async () => {
      const rows = await this.#db.apiKey.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
      return rows.map((row) => {
        const { hash, ...key } = toKey(row);
        return key;
      });
    });
  }

  revoke(id: string, audit: AuditEntry): Promise<ApiKey | undefined> {
    return reachable(() =>
      this.#db.$transaction(async (db) => {
        const { count } = await db.apiKey.updateMany({
          where: { id, revokedAt: null },
          data: { revokedAt: new Date() },
        });
        if (count > 0) {
          await db.auditEntry.create({ data: auditRow(audit) });
          await db.$executeRaw`select pg_notify(${BULLETIN_CHANNEL}, ${`${REVOKED_KEY_TOPIC} ${id}`})`;
        }
        const row = await db.apiKey.findUnique({ where: { id } });
        if (row === null) return undefined;
        const { hash, ...key } = toKey(row);
        return key;
      }),
    );
  }

  touch(id: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update api_key set last_used_at = now()
        where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
    });
  }

  any(): Promise<boolean> {
    return reachable(async () => (await this.#db.apiKey.findFirst({ select: { id: true } })) !== null);
  }
}

const toKey = ({ scopes, expiresAt, revokedAt, lastUsedAt, ...row }: Row): StoredKey => ({
  ...row,
  scopes,
  expiresAt: expiresAt ?? undefined,
  revokedAt: revokedAt ?? undefined,
  lastUsedAt: lastUsedAt ?? undefined,
});
