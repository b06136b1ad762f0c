import type { Publisher } from '../agents/published.ts';
import type { ReviewProfile } from '../agents/review.ts';
import type { GatewayAgent, RemoteAgent, RemoteAgentStore } from '../gateway/agents.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import { auditRow } from './audit-log.ts';
import { isUniqueViolation, reachable } from './client.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';
import type { RemoteAgentModel } from './generated/models.ts';
import { noteDone } from './key-store.ts';

/** Agents elsewhere, in Postgres. */
export class PrismaRemoteAgents implements RemoteAgentStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  find(agentId: string): Promise<GatewayAgent | undefined> {
    return reachable(async () => {
      const row = await this.#db.remoteAgent.findUnique({ where: { agentId } });
      return row === null ? undefined : toAgent(row);
    });
  }

  all(): Promise<GatewayAgent[]> {
    return reachable(async () => (await this.#db.remoteAgent.findMany()).map(toAgent));
  }

  publish(agent: GatewayAgent & { remote: RemoteAgent }, { by, from, claim }: Publisher): Promise<boolean> {
    const { agentId, providerId, review, remote } = agent;
    const { cardUrl, card, allowPrivate, signed } = remote;
    return reachable(async () => {
      try {
        await this.#db.$transaction(async (db) => {
          await db.remoteAgent.create({
            data: {
              agentId,
              providerId,
              cardUrl,
              card: card as Prisma.InputJsonObject,
              review: { ...review },
              allowPrivate,
              signed,
              publishedBy: by,
            },
          });
          await db.auditEntry.create({
            data: auditRow({
              event: 'agent-publish',
              caller: by,
              address: from,
              detail: { id: agentId, cardUrl, allowPrivate },
            }),
          });
          await noteDone(db, claim, true);
        });
        return true;
      } catch (error) {
        if (isUniqueViolation(error)) return false;
        throw error;
      }
    });
  }

  unpublish(agentId: string, { by, from }: Publisher): Promise<boolean> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<[]>`
        with gone as (delete from remote_agent where agent_id = ${agentId} returning agent_id)
        insert into audit_entry (event, caller, address, detail)
        select 'agent-unpublish', ${by}, ${from ?? null}, jsonb_build_object('id', agent_id) from gone returning 1`;
      return rows.length > 0;
    });
  }

  seen(agentId: string, { answered, ms }: { answered: boolean; ms: number }): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`
        update remote_agent set
          calls = calls + 1,
          failures = failures + ${answered ? 0 : 1},
          seen_at = case when ${answered} then clock_timestamp() else seen_at end,
          latency_ms = case when ${answered} then (coalesce(latency_ms, ${ms}) * 4 + ${ms}) / 5 else latency_ms end
        where agent_id = ${agentId}`;
    });
  }
}

interface ShownCard {
  name: string;
  description?: string;
  version: string;
  skills?: GatewayAgent['skills'];
}

export function toAgent(row: RemoteAgentModel): GatewayAgent & { remote: RemoteAgent } {
  const card = row.card as unknown as ShownCard;
  return {
    agentId: row.agentId,
    providerId: row.providerId,
    name: card.name,
    description: card.description ?? '',
    version: card.version,
    skills: card.skills ?? [],
    review: row.review as unknown as ReviewProfile,
    remote: {
      cardUrl: row.cardUrl,
      card: row.card as JsonObject,
      allowPrivate: row.allowPrivate,
      signed: row.signed,
      health: {
        ...(row.seenAt === null ? {} : { seenAt: row.seenAt.toISOString() }),
        ...(row.latencyMs === null ? {} : { latencyMs: row.latencyMs }),
        calls: row.calls,
        failures: row.failures,
      },
      cardState: {
        fetchedAt: row.cardFetchedAt.toISOString(),
        ...(row.cardChangedAt === null ? {} : { changedAt: row.cardChangedAt.toISOString() }),
        ...(row.cardProblem === null || row.cardFailingSince === null
          ? {}
          : { problem: { message: row.cardProblem, since: row.cardFailingSince.toISOString() } }),
      },
    },
  };
}
