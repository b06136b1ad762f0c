import { setTimeout as delay } from 'node:timers/promises';
import type { Switches, SwitchState } from '../gateway/agents.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** A switch holds on every process within a second. */
const KEEP_MS = 500;
/** While the record is away no switch is turned: what is known still holds, and nobody waits for more. */
const WAIT_MS = 300;

/** The switches in Postgres. They are few, and read whole. */
export class PrismaSwitches implements Switches {
  readonly #db: PrismaClient;
  #known: SwitchState | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<SwitchState> | undefined;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  async current(): Promise<SwitchState> {
    const known = this.#known;
    if (known !== undefined && performance.now() - this.#readAt < KEEP_MS) return known;
    this.#reading ??= this.#read();
    if (known === undefined) return this.#reading;
    return Promise.race([this.#reading.catch(() => known), delay(WAIT_MS, known, { ref: false })]);
  }

  /** A switch was turned: whoever asks from now on is told what it is then. */
  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading = undefined;
  }

  #read(): Promise<SwitchState> {
    // As old as the question, not as the answer.
    const asked = performance.now();
    const reading = this.#query()
      .then((state) => {
        // What was asked before a turn says nothing of it.
        if (this.#reading === reading) {
          this.#known = state;
          this.#readAt = asked;
        }
        return state;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    return reading;
  }

  #query(): Promise<SwitchState> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<
        { agent: string | null; provider: string | null; revoked: boolean }[]
      >`
        select agent_id as agent, null as provider, false as revoked from agent_block
        union all
        select null, id, revoked_at is not null from provider
        where blocked_at is not null or revoked_at is not null`;
      return {
        blockedAgents: new Set(rows.flatMap(({ agent }) => agent ?? [])),
        providers: new Map(
          rows.flatMap(({ provider, revoked }) =>
            provider === null ? [] : [[provider, revoked ? 'revoked' : 'blocked'] as const],
          ),
        ),
      };
    });
  }
}
