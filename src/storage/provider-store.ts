import type { Provider, ProviderStore, SwitchTurn } from '../gateway/providers.ts';
import { auditRow } from './audit-log.ts';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { isUniqueViolation, reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import type { ProviderModel } from './generated/models.ts';
import { noteDone } from './key-store.ts';

/** What the bulletin says when a switch was turned. */
export const SWITCHED_TOPIC = 'switched';

/** Who offers agents, and the switches, in Postgres. */
export class PrismaProviderStore implements ProviderStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  list(): Promise<Provider[]> {
    return reachable(async () =>
      (await this.#db.provider.findMany({ orderBy: { id: 'asc' } })).map(toProvider),
    );
  }

  find(providerId: string): Promise<Provider | undefined> {
    return reachable(async () => {
      const row = await this.#db.provider.findUnique({ where: { id: providerId } });
      return row === null ? undefined : toProvider(row);
    });
  }

  create(
    { providerId, name, url }: Pick<Provider, 'providerId' | 'name' | 'url'>,
    { by, from, claim }: Pick<SwitchTurn, 'by' | 'from' | 'claim'>,
  ): Promise<Provider | undefined> {
    return reachable(async () => {
      try {
        const data = { id: providerId, name, url: url ?? null };
        const audit = { event: 'provider-create', caller: by, address: from, detail: { id: providerId } };
        return await this.#db.$transaction(async (db) => {
          const created = toProvider(await db.provider.create({ data }));
          await db.auditEntry.create({ data: auditRow(audit) });
          await noteDone(db, claim, created);
          return created;
        });
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    });
  }

  turn({ subject, id, change, by, reason, from, claim }: SwitchTurn): Promise<Provider['status']> {
    return reachable(() =>
      this.#db.$transaction(async (db) => {
        const status =
          subject === 'agent' ? await turnAgent(db, id, change) : await turnProvider(db, id, change);
        await db.switchChange.create({ data: { subject, subjectId: id, change, by, reason } });
        const event = `${subject}-${change}`;
        await db.auditEntry.create({
          data: auditRow({ event, caller: by, address: from, detail: { id, reason } }),
        });
        await noteDone(db, claim, status);
        await db.$executeRaw`select pg_notify(${BULLETIN_CHANNEL}, ${`${SWITCHED_TOPIC} `})`;
        return status;
      }),
    );
  }
}

type Transaction = Pick<PrismaClient, 'provider' | '$executeRaw'>;

async function turnAgent(
  db: Transaction,
  id: string,
  change: SwitchTurn['change'],
): Promise<Provider['status']> {
  if (change === 'block') {
    await db.$executeRaw`insert into agent_block (agent_id) values (${id}) on conflict do nothing`;
    return 'blocked';
  }
  await db.$executeRaw`delete from agent_block where agent_id = ${id}`;
  return 'active';
}

async function turnProvider(
  db: Transaction,
  id: string,
  change: SwitchTurn['change'],
): Promise<Provider['status']> {
  if (change === 'revoke') {
    await db.$executeRaw`
      update provider set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = ${id}`;
  } else {
    await db.$executeRaw`
      update provider
      set blocked_at = case when ${change === 'block'} then coalesce(blocked_at, clock_timestamp()) end
      where id = ${id}`;
  }
  return toProvider(await db.provider.findUniqueOrThrow({ where: { id } })).status;
}

const toProvider = ({ id, name, url, blockedAt, revokedAt, createdAt }: ProviderModel): Provider => ({
  providerId: id,
  name,
  ...(url === null ? {} : { url }),
  status: revokedAt !== null ? 'revoked' : blockedAt !== null ? 'blocked' : 'active',
  createdAt: createdAt.toISOString(),
});
