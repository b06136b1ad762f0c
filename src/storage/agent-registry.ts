import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PublishedAgent } from '../agents/catalog.ts';
import {
  type AgentQuery,
  type AgentRegistry,
  entryDigest,
  registryEntry,
  searchTerms,
} from '../agents/search.ts';
import { changeEntries, type EntryChange, settleWords } from './agent-entries.ts';
import { type Found, listing, mostCommon, ranking, wantedOf } from './agent-search.ts';
import { isOfValue, reachable } from './client.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** Agents that are written in one transaction. */
const BATCH = 200;
const BATCH_TIMES = { maxWait: 5_000, timeout: 20_000 };

/** Words that are looked up in one transaction: until the database has cleaned up, one that very many agents had takes long. */
const FEWEST_WORDS = 20;
const MOST_WORDS = 1_000;
/** After one of fewer ms the next looks up more. */
const SHORT = 200;

const NOTHING: Found = { total: 0, agents: [] };

type Digests = ReadonlyMap<string, string>;

/** The registry in Postgres: full-text search over words and stems, spelling by what alike words have in common. */
export class PrismaAgentRegistry implements AgentRegistry {
  readonly #prisma: PrismaClient;
  readonly #unfit: (code: string, error: unknown) => void;
  readonly #digests = new WeakMap<PublishedAgent, string>();
  /** What this process wrote last; undefined when that is not known. */
  #written: Digests | undefined;
  #syncing: Promise<void> = Promise.resolve();

  /** @param unfit told of an agent that cannot be kept, once by each process. */
  constructor(prisma: PrismaClient, unfit: (code: string, error: unknown) => void = () => {}) {
    this.#prisma = prisma;
    this.#unfit = unfit;
  }

  sync(agents: readonly PublishedAgent[]): Promise<void> {
    const synced = this.#syncing.then(() => reachable(() => this.#write(agents)));
    this.#syncing = synced.catch(() => {});
    return synced;
  }

  async #write(agents: readonly PublishedAgent[]): Promise<void> {
    const before = this.#written ?? (await this.#kept());
    this.#written = undefined;
    const wanted = await this.#digestsOf(agents);
    const gone = [...before.keys()].filter((code) => !wanted.has(code));
    const changed = agents.filter(({ definition: { code } }) => wanted.get(code) !== before.get(code));
    // At once when they are few: a renamed agent is then never missing and never there twice.
    for (let index = 0; index < Math.max(gone.length, changed.length); index += BATCH) {
      const batch = changed.slice(index, index + BATCH);
      await this.#change({
        gone: gone.slice(index, index + BATCH),
        entries: batch.map((agent) => ({ ...registryEntry(agent), digest: this.#digestOf(agent) })),
      });
    }
    await this.#settleWords();
    this.#written = wanted;
  }

  /** Of entries that the database does not take, one at a time is found and left out: searches find the others. */
  async #change({ gone, entries }: EntryChange): Promise<void> {
    try {
      await this.#prisma.$transaction((tx) => changeEntries(tx, { gone, entries }), BATCH_TIMES);
    } catch (error) {
      const [entry] = entries;
      if (!isOfValue(error) || entry === undefined) throw error;
      if (entries.length === 1) {
        this.#unfit(entry.code, error);
        // What it was before is no answer any more.
        return this.#change({ gone: [...gone, entry.code], entries: [] });
      }
      const half = Math.ceil(entries.length / 2);
      await this.#change({ gone, entries: entries.slice(0, half) });
      await this.#change({ gone: [], entries: entries.slice(half) });
    }
  }

  /** Settles the words in doubt, also those that a process left that died. */
  async #settleWords(): Promise<void> {
    for (let most = FEWEST_WORDS; ; ) {
      const begin = performance.now();
      const settled = await this.#prisma.$transaction((tx) => settleWords(tx, most), BATCH_TIMES);
      if (settled < most) return;
      most = performance.now() - begin < SHORT ? Math.min(2 * most, MOST_WORDS) : FEWEST_WORDS;
    }
  }

  async #kept(): Promise<Digests> {
    const rows = await this.#prisma.$queryRaw<
      { code: string; digest: string }[]
    >`SELECT code, digest FROM agent`;
    return new Map(rows.map(({ code, digest }) => [code, digest]));
  }

  async #digestsOf(agents: readonly PublishedAgent[]): Promise<Digests> {
    const digests = new Map<string, string>();
    for (const [index, agent] of agents.entries()) {
      if (index % BATCH === BATCH - 1) await nextTurn();
      digests.set(agent.definition.code, this.#digestOf(agent));
    }
    return digests;
  }

  #digestOf(agent: PublishedAgent): string {
    const known = this.#digests.get(agent);
    if (known !== undefined) return known;
    const digest = entryDigest(registryEntry(agent));
    this.#digests.set(agent, digest);
    return digest;
  }

  async search(query: AgentQuery): Promise<Found> {
    const blank = (query.query ?? '').trim() === '';
    const { total, agents } = await reachable(() =>
      blank ? this.#found(listing(query)) : this.#ranked(query),
    );
    return { total, agents };
  }

  async #ranked(query: AgentQuery): Promise<Found> {
    const terms = searchTerms(query.query ?? '');
    if (terms.length === 0) return NOTHING;
    const asTyped = await wantedOf(this.#prisma, terms, 'unless begun');
    const attempt = asTyped.crowded ? asTyped.all : asTyped.some;
    const first = await this.#found(ranking(query, asTyped, attempt));
    if (first.total > 0 || !asTyped.crowded) return first;
    const wanted = asTyped.mayBeMisspelt ? await wantedOf(this.#prisma, terms, 'even if begun') : asTyped;
    const further = [asTyped.mayBeMisspelt ? wanted.all : undefined, wanted.allKnown, wanted.allButOne];
    for (const each of further) {
      if (each === undefined) continue;
      const found = await this.#found(ranking(query, wanted, each));
      if (found.total > 0) return found;
    }
    return this.#found(mostCommon(query, wanted));
  }

  async #found(statement: Prisma.Sql): Promise<Found> {
    const rows = await this.#prisma.$queryRaw<Found[]>(statement);
    return rows[0] ?? NOTHING;
  }
}
