import type { ForeignNames, NameKind } from '../gateway/owned-link.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** Whose the names of agents elsewhere are, in Postgres. */
export class PrismaForeignNames implements ForeignNames {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  take(agentId: string, kind: NameKind, name: string, caller: string): Promise<boolean> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ caller: string }[]>`
        insert into foreign_name as f (agent_id, kind, name, caller)
        values (${agentId}, ${kind}, ${name}, ${caller})
        on conflict (agent_id, kind, name) do update
          set used_at = case when f.caller = excluded.caller then excluded.used_at else f.used_at end
        returning caller`;
      return row?.caller === caller;
    });
  }

  anyTaken(agentId: string, kind: NameKind, names: readonly string[], caller: string): Promise<boolean> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<unknown[]>`
        select 1 from foreign_name
        where agent_id = ${agentId} and kind = ${kind} and name = any(${[...names]}::text[]) and caller <> ${caller}
        limit 1`;
      return rows.length > 0;
    });
  }
}

/** Forgets those that were not used for so long. @throws HostError `unavailable`. */
export async function forgetForeignNames(db: PrismaClient, ms: number): Promise<void> {
  await reachable(
    () => db.$executeRaw`
    delete from foreign_name where used_at < clock_timestamp() - make_interval(secs => ${ms / 1_000})`,
  );
}
