import type { Provider, ProviderStore, SwitchTurn } from '../gateway/providers.ts';
import { auditRow } from './audit-log.ts';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { isUniqueViolation, reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import type { ProviderModel } from './generated/models.ts';

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
    { by, from }: Pick<SwitchTurn, 'by' | 'from'>,
  ): Promise<Provider | undefined> {
    return reachable(async () => {
      try {
        const data = { id: providerId, name, url: url ?? null };
        const audit = { event: 'provider-create', caller: by, address: from, detail: { id: providerId } };
        const [created] = await this.#db.$transaction([
          this.#db.provider.create({ data }),
          this.#db.auditEntry.create({ data: auditRow(audit) }),
        ]);
        return toProvider(created);
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    });
  }

  turn({ subject, id, change, by, reason, from }: SwitchTurn): Promise<void> {
    return reachable(async () => {
      await this.#db.$transaction([
        this.#turned(subject, id, change),
        this.#db.switchChange.create({ data: { subject, subjectId: id, change, by, reason } }),
        this.#db.auditEntry.create({
          data: auditRow({
            event: `${subject}-${change}`,
            caller: by,
            address: from,
            detail: { id, reason },
          }),
        }),
        this.#db.$executeRaw`select pg_notify(${BULLETIN_CHANNEL}, ${`${SWITCHED_TOPIC} `})`,
      ]);
    });
  }

  #turned(subject: SwitchTurn['subject'], id: string, change: SwitchTurn['change']) {
    if (subject === 'agent') {
      return change === 'block'
        ? this.#db.$executeRaw`insert into agent_block (agent_id) values (${id}) on conflict do nothing`
        : this.#db.$executeRaw`delete from agent_block where agent_id = ${id}`;
    }
    switch (change) {
      case 'block':
        return this.#db.$executeRaw`
          update provider set blocked_at = coalesce(blocked_at, clock_timestamp()) where id = ${id}`;
      case 'unblock':
        return this.#db.$executeRaw`update provider set blocked_at = null where id = ${id}`;
      default:
        return this.#db.$executeRaw`
          update provider set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = ${id}`;
    }
  }
}

const toProvider = ({ id, name, url, blockedAt, revokedAt, createdAt }: ProviderModel): Provider => ({
  providerId: id,
  name,
  ...(url === null ? {} : { url }),
  status: revokedAt !== null ? 'revoked' : blockedAt !== null ? 'blocked' : 'active',
  createdAt: createdAt.toISOString(),
});
