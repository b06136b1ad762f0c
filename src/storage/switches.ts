import type { Switches } from '../gateway/agents.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** How old what is known may be: a switch holds on every process within a second. */
const KEEP_MS = 500;

interface Known {
  at: number;
  agents: ReadonlySet<string>;
  providers: ReadonlyMap<string, { blocked: boolean; revoked: boolean }>;
}

/** The switches in Postgres. They are few, and read whole. */
export class PrismaSwitches implements Switches {
  readonly #db: PrismaClient;
  #known: Promise<Known> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  async of({ agentId, providerId }: { agentId: string; providerId: string }) {
    const { agents, providers } = await this.#read();
    const { blocked = false, revoked = false } = providers.get(providerId) ?? {};
    return { agentBlocked: agents.has(agentId), provider: { providerId, blocked, revoked } };
  }

  /** Read again at the next question: this process has turned one. */
  forget(): void {
    this.#known = undefined;
  }

  #read(): Promise<Known> {
    const now = performance.now();
    if (this.#known !== undefined && now - this.#readAt < KEEP_MS) return this.#known;
    const reading = this.#query(now);
    this.#known = reading;
    this.#readAt = now;
    // One that failed is not to be believed again.
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }

  #query(at: number): Promise<Known> {
    return reachable(async () => {
      const [blocks, providers] = await Promise.all([
        this.#db.agentBlock.findMany({ select: { agentId: true } }),
        this.#db.provider.findMany({
          where: { OR: [{ blockedAt: { not: null } }, { revokedAt: { not: null } }] },
          select: { id: true, blockedAt: true, revokedAt: true },
        }),
      ]);
      return {
        at,
        agents: new Set(blocks.map(({ agentId }) => agentId)),
        providers: new Map(
          providers.map(({ id, blockedAt, revokedAt }) => [
            id,
            { blocked: blockedAt !== null, revoked: revokedAt !== null },
          ]),
        ),
      };
    });
  }
}
