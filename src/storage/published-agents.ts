import {
  type AgentVersion,
  type Clash,
  type GivenAgent,
  type PublishedStore,
  type Publisher,
  publishing,
} from '../agents/published.ts';
import { auditRow } from './audit-log.ts';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { FINAL_STATES } from './change-log.ts';
import { reachable } from './client.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';
import type { AgentVersionModel } from './generated/models.ts';
import { noteDone } from './key-store.ts';

/** What the bulletin says when there is news of agents. */
export const PUBLISHED_TOPIC = 'agents-published';

/** Agents published at run time, in Postgres. Each change is told in the transaction that makes it. */
export class PrismaPublishedAgents implements PublishedStore {
  readonly #db: PrismaClient;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  versions(): Promise<AgentVersion[]> {
    return reachable(async () => toVersions(await this.#db.agentVersion.findMany({ orderBy: NEWEST_FIRST })));
  }

  publish(agents: readonly GivenAgent[], who: Publisher): Promise<{ changed: string[] } | Clash> {
    return this.#inTurn((db) => this.#publish(db, agents, who));
  }

  async #publish(
    db: Prisma.TransactionClient,
    agents: readonly GivenAgent[],
    who: Publisher,
  ): Promise<{ changed: string[] } | Clash> {
    // Of two that publish at once the second sees what the first has done.
    await db.$executeRaw`lock table published_agent in share row exclusive mode`;
    const where = { code: { in: agents.map(({ code }) => code) } };
    const known = toVersions(await db.agentVersion.findMany({ where, orderBy: NEWEST_FIRST }));
    const planned = agents.map((given) => ({
      given,
      what: publishing(
        given,
        known.filter(({ code }) => code === given.code),
      ),
    }));
    for (const { what } of planned) if (typeof what === 'object') return what;
    const changed = planned.filter(({ what }) => what !== 'keep');
    for (const { given } of changed) await write(db, given, who);
    if (changed.length > 0) await tell(db);
    const done = { changed: changed.map(({ given }) => given.code) };
    await noteDone(db, who.claim, done);
    return done;
  }

  unpublish(code: string, who: Publisher): Promise<boolean> {
    return this.#inTurn(async (db) => {
      const { count } = await db.agentVersion.updateMany({
        where: { code, drainingSince: null },
        data: { drainingSince: new Date() },
      });
      if (count === 0) return (await db.agentVersion.count({ where: { code, unpublishedAt: null } })) > 0;
      await db.auditEntry.create({ data: audited('agent-unpublish', who, { id: code }) });
      await tell(db);
      return true;
    });
  }

  /**
   * One transaction after the other: those that wait for a lock would hold all the connections of this process, until
   * their time is up.
   */
  #inTurn<T>(work: (db: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => reachable(() => this.#db.$transaction(work, TIMES)));
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** For those of other processes too, on a busy machine. */
const TIMES = { maxWait: 5_000, timeout: 20_000 };

const NEWEST_FIRST: Prisma.AgentVersionOrderByWithRelationInput[] = [{ code: 'asc' }, { serial: 'desc' }];

type Transaction = Pick<PrismaClient, 'agentVersion' | 'auditEntry' | '$executeRaw'>;

async function write(db: Transaction, given: GivenAgent, who: Publisher): Promise<void> {
  const { code, version } = given;
  const row = { given: given as Prisma.InputJsonObject, publishedBy: who.by };
  // One that was unpublished, or is about to be, is there again, in all its versions.
  await db.agentVersion.updateMany({ where: { code }, data: { drainingSince: null, unpublishedAt: null } });
  await db.agentVersion.upsert({
    where: { code_version: { code, version } },
    create: { code, version, ...row },
    update: { ...row, publishedAt: new Date() },
  });
  await db.auditEntry.create({ data: audited('agent-publish', who, { id: code, version }) });
}

const audited = (event: string, { by, from }: Publisher, detail: Record<string, unknown>) =>
  auditRow({ event, caller: by, address: from, detail });

const tell = (db: Pick<PrismaClient, '$executeRaw'>): Promise<number> =>
  db.$executeRaw`select pg_notify(${BULLETIN_CHANNEL}, ${`${PUBLISHED_TOPIC} `})`;

/** A process that has not heard of it yet may still begin tasks. */
const HEARD_AFTER = '5 seconds';

/** Ends the agents that drain and have no task open. Their versions stay, and are not given twice. @throws HostError `unavailable`. */
export async function endDrained(db: PrismaClient): Promise<void> {
  await reachable(
    () => db.$executeRaw`
    with ended as (
      update published_agent p set unpublished_at = clock_timestamp()
      where p.unpublished_at is null and p.draining_since < clock_timestamp() - ${HEARD_AFTER}::interval
        and not exists (select from task t where t.agent_code = p.code and t.state not in ${FINAL_STATES})
      returning 1)
    select pg_notify(${BULLETIN_CHANNEL}, ${`${PUBLISHED_TOPIC} `}) from ended limit 1`,
  );
}

/** @param rows by code, newest first. */
const toVersions = (rows: readonly AgentVersionModel[]): AgentVersion[] =>
  rows.map(({ code, version, given, drainingSince, unpublishedAt, publishedBy, publishedAt }, index) => ({
    code,
    version,
    given: given as GivenAgent,
    newest: rows[index - 1]?.code !== code,
    ...(drainingSince && { drainingSince }),
    ...(unpublishedAt && { unpublishedAt }),
    publishedBy,
    publishedAt,
  }));
