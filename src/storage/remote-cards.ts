import type { CardRecords, FetchedCard, PublishedElsewhere } from '../gateway/card-refresh.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { toAgent } from './remote-agents.ts';

/** The cards of agents elsewhere, in Postgres. */
export class PrismaRemoteCards implements CardRecords {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  due(ageMs: number, limit: number): Promise<PublishedElsewhere[]> {
    return reachable(async () => {
      const taken = await this.#db.$queryRaw<{ id: string }[]>`
        update remote_agent set card_tried_at = clock_timestamp() where agent_id in (
          select agent_id from remote_agent
          where card_tried_at <= clock_timestamp() - make_interval(secs => ${ageMs / 1_000})
          order by card_tried_at limit ${limit} for update skip locked)
        returning agent_id as id`;
      const rows = await this.#db.remoteAgent.findMany({
        where: { agentId: { in: taken.map(({ id }) => id) } },
      });
      return rows.map(toAgent);
    });
  }

  take(
    { agentId, version, remote }: PublishedElsewhere,
    fetched: FetchedCard,
    changed: string[],
  ): Promise<void> {
    const { card, signed } = fetched;
    return reachable(async () => {
      // One that was published anew meanwhile, from elsewhere, has another card.
      await this.#db.$executeRaw`
        with taken as (
          update remote_agent set
            card = ${JSON.stringify(card)}::json, signed = ${signed}, card_fetched_at = clock_timestamp(),
            card_changed_at = case when ${changed.length > 0} then clock_timestamp() else card_changed_at end,
            card_problem = null, card_failing_since = null
          where agent_id = ${agentId} and card_url = ${remote.cardUrl} returning agent_id)
        insert into audit_entry (event, detail)
        select 'agent-card-change', jsonb_build_object('id', agent_id, 'fields', ${changed}::text[],
          'from', ${version}::text, 'to', ${String(card.version)}::text)
        from taken where ${changed.length > 0}`;
    });
  }

  refuse({ agentId, remote }: PublishedElsewhere, problem: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update remote_agent set
          card_problem = ${problem}, card_failing_since = coalesce(card_failing_since, clock_timestamp())
        where agent_id = ${agentId} and card_url = ${remote.cardUrl}`;
    });
  }
}
