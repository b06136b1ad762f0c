import { randomUUID } from 'node:crypto';
import type { SlotTaken, StreamLimitOptions, StreamSlots } from '../auth/limits/stream-limits.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { lockedUntilCommit } from './locks.ts';

/** A slot that nobody renews is free after this long. */
const HELD_S = 60;
const RENEW_EVERY_MS = 20_000;

/** A row for each open stream. Each process renews its own, in one statement. */
export class PrismaStreamSlots implements StreamSlots {
  readonly #db: PrismaClient;
  readonly #process = randomUUID();
  readonly #open = new Set<string>();
  #renewing: NodeJS.Timeout | undefined;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  async take(
    { owner, agentCode }: { owner: string; agentCode: string },
    { perCaller, perAgent }: StreamLimitOptions,
  ): Promise<SlotTaken> {
    const id = randomUUID();
    const insert = this.#db.$queryRaw<{ taken: boolean; caller_full: boolean }[]>`
      with held as (
        select ${fullOf(Prisma.sql`owner = ${owner}`, perCaller)} as caller_full,
               ${fullOf(Prisma.sql`agent_code = ${agentCode}`, perAgent)} as agent_full
      ), taken as (
        insert into stream_slot (id, process, owner, agent_code, expires_at)
        select ${id}::uuid, ${this.#process}::uuid, ${owner}, ${agentCode}, now() + ${HELD} from held
        where not caller_full and not agent_full
        returning id
      )
      select exists (select 1 from taken) as taken, caller_full from held`;
    const locks = [
      ...(perCaller === undefined ? [] : [`stream caller ${owner}`]),
      ...(perAgent === undefined ? [] : [`stream agent ${agentCode}`]),
    ];
    const results = await reachable(() =>
      this.#db.$transaction([...lockedUntilCommit(this.#db, locks), insert]),
    );
    const [row] = results.at(-1) as Awaited<typeof insert>;
    if (!row?.taken) return { full: row?.caller_full ? 'caller' : 'agent' };
    this.#hold(id);
    return { release: () => this.#release(id) };
  }

  #hold(id: string): void {
    this.#open.add(id);
    this.#renewing ??= setInterval(() => this.#renew(), RENEW_EVERY_MS).unref();
  }

  #release(id: string): void {
    if (!this.#open.delete(id)) return;
    if (this.#open.size === 0) {
      clearInterval(this.#renewing);
      this.#renewing = undefined;
    }
    // One that stays expires.
    this.#db.streamSlot.deleteMany({ where: { id } }).catch(() => undefined);
  }

  #renew(): void {
    this.#db.$executeRaw`
      update stream_slot set expires_at = now() + ${HELD} where process = ${this.#process}::uuid`.catch(
      () => undefined,
    );
  }
}

const HELD = Prisma.sql`make_interval(secs => ${HELD_S}::int)`;

const fullOf = (whose: Prisma.Sql, limit: number | undefined): Prisma.Sql =>
  limit === undefined
    ? Prisma.sql`false`
    : Prisma.sql`(select count(*) from stream_slot where ${whose} and expires_at > now()) >= ${limit}`;

/** Forgets the streams of processes that died. */
export const forgetStreams = (db: PrismaClient): Promise<void> =>
  reachable(async () => {
    await db.$executeRaw`delete from stream_slot where expires_at < now()`;
  });
