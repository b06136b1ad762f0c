import { afterAll, beforeAll, expect, it } from 'vitest';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { PublishedAgents } from '../../src/agents/published.ts';
import { PrismaAgentRegistry } from '../../src/storage/agent-registry.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { PrismaPublishedAgents } from '../../src/storage/published-agents.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.stop());

const agent = (code: string) => ({
  code,
  name: code,
  description: 'Does something.',
  version: '1.0.0',
  skills: [{ id: 'do', name: 'Do', description: 'Does it.', tags: ['test'] }],
  plain: { workflowType: 'Do', taskQueue: 'company' },
});

it('many that publish at once on two processes are all taken, and both serve all', async () => {
  const clients = [database.prisma, openDatabase({ url: database.url })];
  const processes = clients.map((db) => {
    const catalog = new AgentCatalog([]);
    const registry = new PrismaAgentRegistry(db);
    const published = new PublishedAgents({
      store: new PrismaPublishedAgents(db),
      catalog,
      changed: () => registry.sync(catalog.offered()),
      unserved: () => {},
    });
    return { catalog, published };
  });
  const codes = Array.from({ length: 60 }, (_, index) => `agent-${String(index).padStart(3, '0')}`);
  const results = await Promise.allSettled(
    codes.map((code, index) =>
      processes[index % 2]?.published.publish({ agents: [agent(code)] }, { by: 'key:admin' }),
    ),
  );
  const refused = results.flatMap((each) => (each.status === 'rejected' ? String(each.reason) : []));
  expect(refused).toEqual([]);
  for (const { catalog, published } of processes) {
    await published.refresh();
    expect(
      catalog
        .all()
        .map(({ definition }) => definition.code)
        .sort(),
    ).toEqual(codes);
  }
  await clients[1]?.$disconnect();
});
