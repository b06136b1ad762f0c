import { afterAll, beforeAll, expect, it } from 'vitest';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { PublishedAgents } from '../../src/agents/published.ts';
import { PrismaAgentRegistry } from '../../src/storage/agent-registry.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { endDrained, PrismaPublishedAgents } from '../../src/storage/published-agents.ts';
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

it('a version that was unpublished stays what it was', async () => {
  const store = new PrismaPublishedAgents(database.prisma);
  const who = { by: 'key:admin' };
  const given = agent('short-lived');
  const shown = async () =>
    (await store.versions()).flatMap(({ code, version, newest, drainingSince, unpublishedAt }) =>
      code === given.code ? { version, newest, drains: !!drainingSince, ended: !!unpublishedAt } : [],
    );
  await store.publish([given], who);
  expect(await store.unpublish(given.code, who)).toBe(true);
  // Another process may not have heard of it.
  await endDrained(database.prisma);
  expect(await shown()).toEqual([{ version: '1.0.0', newest: true, drains: true, ended: false }]);
  await database.prisma.$executeRaw`
    update published_agent set draining_since = now() - interval '1 minute' where code = ${given.code}`;
  await endDrained(database.prisma);
  expect(await shown()).toEqual([{ version: '1.0.0', newest: true, drains: true, ended: true }]);
  expect(await store.unpublish(given.code, who)).toBe(false);

  expect(await store.publish([{ ...given, name: 'Another' }], who)).toEqual({
    code: given.code,
    problem: 'version: 1.0.0 is published with other content; give this one a version of its own',
  });
  expect(await store.publish([given], who)).toEqual({ changed: [given.code] });
  expect(await shown()).toEqual([{ version: '1.0.0', newest: true, drains: false, ended: false }]);
});
