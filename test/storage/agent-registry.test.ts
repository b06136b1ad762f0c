import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import type { AgentQuery } from '../../src/agents/search.ts';
import { PrismaAgentRegistry } from '../../src/storage/agent-registry.ts';
import { agentOf, skillOf } from '../support/agents.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { LIMITED_TO, MOST_AGENTS, manyAgents } from '../support/many-agents.ts';
import { TYPO_QUERIES } from '../support/typo-queries.ts';

const AGENTS = [
  agentOf('trip-planner', {
    name: 'Trip planner',
    description: 'Plans a trip by asking others: a digest of the guide, approval of the expenses.',
    skills: [skillOf({ id: 'plan-trip', name: 'Plan a trip', tags: ['travel'] })],
  }),
  agentOf('echo', {
    name: 'Echo',
    description: 'Says back what it is told.',
    skills: [skillOf({ description: 'Good for a first try of an order.', tags: ['test'] })],
  }),
  agentOf('expense-approval', {
    name: 'Expense approval',
    description: 'Approves expenses under a limit and asks a human above it.',
    skills: [skillOf({ id: 'decide', name: 'Decide on a claim', tags: ['finance', 'human in the loop'] })],
  }),
  agentOf('order-refund', {
    name: 'Order refund',
    description: 'Refunds in a conversation and takes back what cannot stand.',
    skills: [skillOf({ id: 'refund', name: 'Refund', tags: ['finance', 'saga'] })],
  }),
  agentOf('document-digest', {
    name: 'Document digest',
    description: 'Counts words, finds keywords and writes an outline of a résumé.',
    skills: [skillOf({ id: 'digest', name: 'Digest', tags: ['Café'] })],
  }),
];

let database: TestDatabase;
let registry: PrismaAgentRegistry;

const publish = (agents = AGENTS) => registry.sync(new AgentCatalog(agents).all());
const search = (query: Partial<AgentQuery> = {}) => registry.search({ skip: 0, top: 20, ...query });
const found = async (query: string | Partial<AgentQuery>) =>
  (await search(typeof query === 'string' ? { query } : query)).agents.map(({ code }) => code);

beforeAll(async () => {
  database = await startTestDatabase();
  registry = new PrismaAgentRegistry(database.prisma);
  await publish();
}, 60_000);
afterAll(() => database?.stop());

describe('without words', () => {
  it.each([undefined, '', ' \t\n'])('%j finds all, by name', async (query) => {
    expect(await search({ query })).toEqual({
      total: 5,
      agents: ['Document digest', 'Echo', 'Expense approval', 'Order refund', 'Trip planner'].map((name) =>
        expect.objectContaining({ name }),
      ),
    });
  });

  it('gives the four fields of an agent', async () => {
    expect((await search({ skip: 1, top: 1 })).agents).toEqual([
      { code: 'echo', name: 'Echo', description: 'Says back what it is told.', version: '1.0.0' },
    ]);
  });
});

describe('words', () => {
  it.each([
    ['a word of the name', 'echo', ['echo']],
    ['the code', 'expense-approval', ['expense-approval', 'trip-planner']],
    ['a prefix', 'doc', ['document-digest']],
    ['a prefix longer than the stem', 'approva', ['expense-approval', 'trip-planner']],
    ['another form of a word', 'refunding', ['order-refund']],
    ['two typos', 'expence approvl', ['expense-approval', 'trip-planner']],
    ['swapped letters', 'ehco', ['echo']],
    ['swapped letters in a longer word', 'refnud', ['order-refund']],
    ['a letter too many', 'plannner', ['trip-planner']],
    ['capitals and accents', 'RÉSUMÉ', ['document-digest']],
    ['no accents where there are some', 'cafe', ['document-digest']],
    ['a question', 'who can approve my expenses?', ['expense-approval', 'trip-planner']],
    ['a question with apostrophes', "I'd like what's a refund", ['order-refund']],
    ['the name before the description', 'order', ['order-refund', 'echo']],
    ['the agent that matches more words first', 'trip expense digest', ['trip-planner']],
    ['nonsense', 'zzqx', []],
    ['long nonsense', 'qwertyuiop', []],
    ['only punctuation', '%', []],
    ['only words without meaning', 'the', []],
    ['another script', '日本', []],
  ])('%s: %s', async (_, query, codes) => {
    expect((await found(query)).slice(0, codes.length || 20)).toEqual(codes);
  });

  it.each([
    "'; DROP TABLE agent; --",
    '& | ! ( ) :* <->',
    "echo' & !",
    'echo\\',
    '$1 $$',
    '\0',
    '\ud800',
    '_%_',
  ])('cannot be anything but words: %j', async (query) => {
    await expect(search({ query })).resolves.toBeDefined();
    expect((await search()).total).toBe(5);
  });

  it('may be very many', async () => {
    expect(await found(`echo ${'lorem ipsum '.repeat(20_000)}`)).toContain('echo');
  });
});

describe('agents that only some may see', () => {
  const limited = agentOf('payroll', {
    description: 'Computes the wages.',
    access: { callers: ['key:boss'], scopes: ['finance', 'audit'] },
  });
  beforeAll(() => publish([...AGENTS, limited]));
  afterAll(() => publish());

  const asking = (id: string, ...scopes: string[]) => ({ id, scopes: new Set(scopes) });

  it.each([
    ['nobody known', undefined, false],
    ['another', asking('key:ci', 'agents:read'), false],
    ['a named caller', asking('key:boss'), true],
    ['a named scope', asking('key:ci', 'audit'), true],
    ['an administrator', asking('key:root', 'admin'), true],
  ])('are found by %s: %o, %s', async (_, viewer, visible) => {
    expect(await found({ query: 'wages', viewer })).toEqual(visible ? ['payroll'] : []);
    expect((await search({ viewer })).total).toBe(visible ? 6 : 5);
  });

  it('do not show by how a mistyped word is corrected', async () => {
    // One letter from a word of the limited agent and one from a word of an open one.
    await publish([...AGENTS, agentOf('secret', { description: 'Echp.', access: { callers: [] } })]);
    expect(await found({ query: 'echp', viewer: asking('key:ci') })).toEqual(['echo']);
  });
});

describe('pages', () => {
  it('tell the total on every page, also past the end', async () => {
    const all = await found('finance');
    expect(all).toHaveLength(2);
    const second = await search({ query: 'finance', skip: 1, top: 1 });
    expect([second.total, second.agents[0]?.code]).toEqual([2, all[1]]);
    expect(await search({ query: 'finance', skip: Number.MAX_SAFE_INTEGER })).toEqual({
      total: 2,
      agents: [],
    });
    expect(await search({ skip: 5 })).toEqual({ total: 5, agents: [] });
  });
});

describe('filters', () => {
  it.each([
    ['a tag', { tags: ['CAFE'] }, ['document-digest']],
    ['a tag of several words', { tags: ['human in the loop'] }, ['expense-approval']],
    ['all of several tags', { tags: ['finance', 'saga'] }, ['order-refund']],
    ['a tag nobody has', { tags: ['fin'] }, []],
    ['a skill’s id', { skills: ['plan-trip'] }, ['trip-planner']],
    ['a skill’s name', { skills: ['decide on a claim'] }, ['expense-approval']],
    ['another provider', { provider: 'somebody' }, []],
    ['a capability nobody has', { capabilities: ['extendedAgentCard'] }, []],
    ['words beside', { query: 'expense', tags: ['travel'] }, ['trip-planner']],
    ['what no database stores', { tags: ['\0'] }, []],
  ])('%s', async (_, query, codes) => {
    expect(await found(query)).toEqual(codes);
  });

  it('of the host’s own provider and an offered capability leave all', async () => {
    const query = { provider: 'Workflow-Agent-Host', capabilities: ['streaming'], tags: [] };
    expect((await search(query)).total).toBe(5);
  });
});

describe('sync', () => {
  it('removes what is published no longer, and its words, and changes the rest', async () => {
    await publish([agentOf('echo', { name: 'Parrot' })]);
    expect(await found('')).toEqual(['echo']);
    expect(await found('parot')).toEqual(['echo']);
    expect(await found('refnud')).toEqual([]);
    await publish([]);
    expect(await search()).toEqual({ total: 0, agents: [] });
    expect(await found('echo')).toEqual([]);
  });

  it('of several hosts at once ends with one whole set', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, n) => publish(n % 2 ? AGENTS : [...AGENTS].reverse())));
    expect((await search()).total).toBe(5);
    expect(await found('expence approvl')).toContain('expense-approval');
  });
});

describe('sync of a change', () => {
  beforeAll(() => publish());
  const rowVersions = async () => {
    const rows = await database.prisma.$queryRaw<{ code: string; version: string }[]>`
      SELECT code, xmin::text AS version FROM agent ORDER BY code`;
    return new Map(rows.map(({ code, version }) => [code, version]));
  };

  it.each([
    ['by the process that wrote last', () => registry],
    ['by one that starts', () => new PrismaAgentRegistry(database.prisma)],
  ])('%s writes nothing else', async (_, writer) => {
    await publish();
    const before = await rowVersions();
    const changed = [...AGENTS.slice(1), agentOf('echo', { name: 'Parrot' })].filter(
      ({ name }) => name !== 'Echo',
    );
    await writer().sync(new AgentCatalog([...changed, agentOf('new')]).all());
    const after = await rowVersions();
    expect([...after.keys()].filter((code) => after.get(code) !== before.get(code))).toEqual(['echo', 'new']);
    expect([...before.keys()].filter((code) => !after.has(code))).toEqual(['trip-planner']);
    await new PrismaAgentRegistry(database.prisma).sync(new AgentCatalog(AGENTS).all());
  });

  it('settles the words that a process left in doubt', async () => {
    await publish();
    await database.prisma.$executeRaw`UPDATE agent_word SET doubtful = TRUE`;
    await database.prisma
      .$executeRaw`INSERT INTO agent_word (word, letters, doubtful) VALUES ('nobodys', '', TRUE)`;
    expect(await found('refnud')).toEqual([]);
    await publish();
    expect(await found('refnud')).toEqual(['order-refund']);
    expect(
      await database.prisma.$queryRaw`SELECT word FROM agent_word WHERE word = 'nobodys' OR doubtful`,
    ).toEqual([]);
  });

  it('leaves out what the record does not take, says so once, and finds all others', async () => {
    await publish();
    const unfit = [
      { ...agentOf('echo', { version: '2' }), name: 'Echo\0' },
      { ...agentOf('half'), description: 'Half a \ud83d character.' },
      { ...agentOf('long-name'), name: randomBytes(10_000).toString('hex') },
    ];
    const told: string[] = [];
    const writer = new PrismaAgentRegistry(database.prisma, (code) => told.push(code));
    const fit = [...AGENTS.filter(({ code }) => code !== 'echo'), agentOf('after-them')];
    const all = new AgentCatalog([...unfit, ...fit]).all();
    await writer.sync(all);
    await writer.sync(all);
    expect(told.sort()).toEqual(unfit.map(({ code }) => code).sort());
    expect((await found('')).sort()).toEqual(fit.map(({ code }) => code).sort());
    await writer.sync(new AgentCatalog(AGENTS).all());
    expect(await found('echo')).toEqual(['echo']);
  });

  it('that failed is made by the next', async () => {
    await publish();
    await database.prisma.$executeRaw`ALTER TABLE agent RENAME TO agent_away`;
    await expect(publish([])).rejects.toThrow();
    await database.prisma.$executeRaw`ALTER TABLE agent_away RENAME TO agent`;
    await publish(AGENTS.slice(0, 2));
    expect(await found('')).toEqual(['echo', 'trip-planner']);
  });
});

describe.each([
  { count: 2_000, run: true },
  { count: MOST_AGENTS, run: Boolean(process.env.FULL) },
])('among $count agents', ({ count, run }) => {
  const anybody = { id: 'key:ci', scopes: new Set(['agents:read']) };
  const boss = { id: 'key:boss', scopes: new Set(['agents:read']) };
  const agents = run
    ? manyAgents(
        count,
        TYPO_QUERIES.map(([, code]) => code),
      )
    : [];
  const limited = new Set(agents.filter(({ access }) => access !== undefined).map(({ code }) => code));

  beforeAll(async () => {
    if (run) await publish(agents);
  }, 600_000);
  // To remove them takes longer than all that is asked of them, and nothing comes after.
  afterAll(async () => {
    if (process.env.FULL) await publish();
  }, 600_000);

  it.runIf(run)(
    'a hundred mistyped queries find the agent that is meant first',
    async () => {
      expect(TYPO_QUERIES).toHaveLength(100);
      const first: [string, string | undefined][] = [];
      for (const [query] of TYPO_QUERIES) first.push([query, (await found({ query, viewer: anybody }))[0]]);
      expect(first).toEqual(TYPO_QUERIES);
    },
    60_000,
  );

  it.runIf(run)(
    'a query that very many match has all of them on its pages, once',
    async () => {
      const { total } = await search({ query: 'customers', viewer: boss });
      expect(total).toBe(count);
      const pages = Math.min(total, 2_000) / 100;
      const codes = new Set<string>();
      for (let page = 0; page < pages; page++) {
        const query = { query: 'customers', viewer: boss, skip: page * 100, top: 100 };
        for (const { code } of (await search(query)).agents) codes.add(code);
      }
      expect(codes.size).toBe(pages * 100);
    },
    60_000,
  );

  it.runIf(run)('of many that match some words only those with all of them are found', async () => {
    const { agents: both } = await search({ query: 'customers invoice approval norway', viewer: anybody });
    expect(both.map(({ code }) => code)).toEqual(['invoice-approval-norway']);
  });

  it.runIf(run)('a word that nobody has does not hide those with the others', async () => {
    expect((await found({ query: 'customers invoice approval norway qwzzk', viewer: anybody }))[0]).toBe(
      'invoice-approval-norway',
    );
  });

  it.runIf(run)('where none has nearly all of many words, those with the most are first', async () => {
    const query = 'customers office rules book record museum approval hotel orchestra japan keeps reads';
    const codes = await found({ query, viewer: anybody });
    expect(codes).toHaveLength(20);
    expect(codes[0]).toMatch(/approval|hotel|orchestra|museum|japan/);
  });

  it.runIf(run)('the hidden ones are found by those alone who may see them', async () => {
    const [hidden = ''] = limited;
    const query = hidden.replaceAll('-', ' ');
    for (const viewer of [undefined, anybody]) {
      expect((await search({ viewer })).total).toBe(count - limited.size);
      expect((await search({ viewer, query: 'customers' })).total).toBe(count - limited.size);
      expect((await found({ viewer, query })).filter((each) => limited.has(each))).toEqual([]);
    }
    for (const viewer of [boss, { id: 'key:other', scopes: new Set(LIMITED_TO.scopes) }]) {
      expect((await search({ viewer })).total).toBe(count);
      expect((await found({ viewer, query }))[0]).toBe(hidden);
    }
  });

  it.runIf(run)('filters hold', async () => {
    const { total, agents: pages } = await search({ query: 'aproval', tags: ['Invoice'], viewer: boss });
    expect(total).toBe(agents.filter(({ code }) => code.startsWith('invoice-approval-')).length);
    expect(pages.every(({ code }) => code.startsWith('invoice-approval-'))).toBe(true);
  });
});
