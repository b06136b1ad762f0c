import pg from 'pg';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { PrismaAgentRegistry } from '../../src/storage/agent-registry.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { MOST_AGENTS, manyAgents } from '../../test/support/many-agents.ts';
import { startProduct } from '../../test/support/product.ts';
import { agentUrl } from '../../test/support/rpc.ts';
import { TYPO_QUERIES } from '../../test/support/typo-queries.ts';
import { startChild } from '../child.ts';
import { compare, type Figures } from '../compare.ts';
import { withOwnDatabase } from '../own-database.ts';
import { type Row, row } from '../report.ts';
import { httpContestant, onServers, type Servers } from '../setting.ts';

/** A hundred mistyped queries in turn over HTTP, among 100,000 agents, in a database of its own. */
export const searchAtSize = ({ databaseUrl, temporalAddress }: Servers): Promise<Row[]> =>
  withOwnDatabase(databaseUrl, async (own) => {
    // Without a worker: nothing but requests is at work.
    const product = await startProduct({
      ...onServers({ temporalAddress, databaseUrl: own }),
      ROLE: 'host',
    });
    const load = await startChild(new URL('../load/http-load.ts', import.meta.url), undefined);
    try {
      // After the product's start, which would remove them.
      const seconds = await fill(own);
      const searches = httpContestant('ours', load, {
        requests: TYPO_QUERIES.map(([query]) => ({
          method: 'POST',
          url: agentUrl(product.url, 'agents/search'),
          body: JSON.stringify({ query }),
        })),
        expect: '"agent_card"',
      });
      const at = async (clients: number) =>
        (await compare([searches], { clients, ms: 5_000 })).get('ours') as Figures;
      const [one, eight] = [await at(1), await at(8)];
      const name = `search among ${MOST_AGENTS} agents`;
      return [
        row(`${name}, 1 at once, p50`, 'ms', one.p50),
        row(`${name}, 1 at once, p99`, 'ms', one.p99),
        row(`${name}, 8 at once, p50`, 'ms', eight.p50, { target: { of: 'ours', atMost: 15 } }),
        row(`${name}, 8 at once, p99`, 'ms', eight.p99, { target: { of: 'ours', atMost: 60 } }),
        row(`${name}, 8 at once, throughput`, '/s', eight.throughput),
        row(`the first sync of ${MOST_AGENTS} agents`, 's', seconds),
      ];
    } finally {
      await load.end();
      await product.end('SIGTERM');
    }
  });

/** @returns how long it took, s. */
async function fill(url: string): Promise<number> {
  const db = openDatabase({ url });
  try {
    const codes = TYPO_QUERIES.map(([, code]) => code);
    const agents = new AgentCatalog(manyAgents(MOST_AGENTS, codes)).all();
    const begin = performance.now();
    await new PrismaAgentRegistry(db).sync(agents);
    const seconds = (performance.now() - begin) / 1_000;
    await vacuum(url);
    return seconds;
  } finally {
    await db.$disconnect();
  }
}

/** As autovacuum does within minutes; on a connection of its own, on which it may take longer than the product's statements. */
async function vacuum(url: string): Promise<void> {
  const db = new pg.Client(url);
  await db.connect();
  try {
    await db.query('vacuum analyze agent');
    await db.query('vacuum analyze agent_word');
  } finally {
    await db.end();
  }
}
