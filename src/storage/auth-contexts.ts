import type { AuthContext, AuthContextStore } from '../gateway/credentials.ts';
import type { Claim } from '../idempotency/ports.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import type { AuthContextModel } from './generated/models.ts';
import { noteDone } from './key-store.ts';
import { isUuid } from './uuid.ts';

/** Stored credentials in Postgres. */
export class PrismaAuthContexts implements AuthContextStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  create(
    context: Omit<AuthContext, 'createdAt'>,
    sealed: string,
    claim: Claim | undefined,
  ): Promise<AuthContext> {
    const { id, owner, providerId, authModel, subject, tokenPreview, expiresAt } = context;
    const data = {
      id,
      owner,
      providerId,
      authModel,
      subject: subject ?? null,
      sealed,
      tokenPreview,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    };
    return reachable(() =>
      this.#db.$transaction(async (db) => {
        const created = toContext(await db.authContext.create({ data }));
        await noteDone(db, claim, created);
        return created;
      }),
    );
  }

  list(owner: string): Promise<AuthContext[]> {
    return reachable(async () => {
      const orderBy = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];
      return (await this.#db.authContext.findMany({ where: { owner }, orderBy })).map(toContext);
    });
  }

  find(owner: string, id: string): Promise<{ context: AuthContext; sealed: string } | undefined> {
    return reachable(async () => {
      const row = await this.#db.authContext.findFirst({ where: { id, owner } });
      return row === null ? undefined : { context: toContext(row), sealed: row.sealed };
    });
  }

  remove(owner: string, id: string): Promise<boolean> {
    if (!isUuid(id)) return Promise.resolve(false);
    return reachable(async () => {
      const { count } = await this.#db.authContext.deleteMany({ where: { id, owner } });
      return count > 0;
    });
  }
}

/** Of those that have expired all is kept but the secret. */
export function eraseExpired(db: PrismaClient): Promise<void> {
  return reachable(async () => {
    await db.$executeRaw`update auth_context set sealed = '' where expires_at <= now() and sealed <> ''`;
  });
}

const toContext = (row: AuthContextModel): AuthContext => ({
  id: row.id,
  owner: row.owner,
  providerId: row.providerId,
  authModel: row.authModel,
  ...(row.subject === null ? {} : { subject: row.subject }),
  tokenPreview: row.tokenPreview,
  ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt.toISOString() }),
  createdAt: row.createdAt.toISOString(),
});
