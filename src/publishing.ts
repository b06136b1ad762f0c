import type { Logger } from 'pino';
import type { AgentCatalog } from './agents/catalog.ts';
import { PublishedAgents } from './agents/published.ts';
import type { AgentRegistry } from './agents/search.ts';
import { DIRECTORY } from './directory/definition.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaPublishedAgents, PUBLISHED_TOPIC } from './storage/published-agents.ts';

export interface PublishingParts {
  db: PrismaClient;
  bulletin: Bulletin;
  catalog: AgentCatalog;
  registry: Pick<AgentRegistry, 'sync'>;
  log: Logger;
}

export interface Publishing {
  published: PublishedAgents;
  /** Makes searches find what this process serves, from now on whatever is published. */
  openRegistry(): Promise<void>;
}

/** What is published at run time, in the catalog of this process as soon as it is told of it. */
export async function openPublishing({
  db,
  bulletin,
  catalog,
  registry,
  log,
}: PublishingParts): Promise<Publishing> {
  let open = false;
  // The directory is no answer to what it is asked.
  const sync = () => registry.sync(catalog.offered().filter(({ definition }) => definition !== DIRECTORY));
  const published = new PublishedAgents({
    store: new PrismaPublishedAgents(db),
    catalog,
    changed: async () => {
      if (open) await sync();
    },
    unserved: (code, problem) => log.error({ code, problem }, 'a published agent is not served'),
  });
  await published.refresh();
  const refresh = () => {
    published.refresh().catch((error) => log.warn({ err: error }, 'what is published could not be read'));
  };
  bulletin.hear(PUBLISHED_TOPIC, refresh, refresh);
  return {
    published,
    openRegistry: async () => {
      open = true;
      await sync();
    },
  };
}
