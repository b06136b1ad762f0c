import type { Logger } from 'pino';
import type { AgentCatalog } from './agents/catalog.ts';
import { PublishedAgents } from './agents/published.ts';
import type { AgentRegistry } from './agents/search.ts';
import { DIRECTORY } from './directory/definition.ts';
import { withKillPoint } from './kill-points.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaPublishedAgents, PUBLISHED_TOPIC } from './storage/published-agents.ts';
import type { TaskEngine } from './tasks/ports.ts';
import { checkAttributesOf } from './tasks/start.ts';

export interface PublishingParts {
  db: PrismaClient;
  bulletin: Bulletin;
  catalog: AgentCatalog;
  registry: Pick<AgentRegistry, 'sync'>;
  engine: Pick<TaskEngine, 'searchAttributes'>;
  killAt: string | undefined;
  log: Logger;
}

export interface Publishing {
  published: PublishedAgents;
  /** Makes searches find what this process serves, from now on whatever is published. */
  openRegistry(): Promise<void>;
  close(): void;
}

/** What could not be done is done then, if nothing else brings it about before. */
const AGAIN_MS = 1_000;

/** What is published at run time, in the catalog of this process as soon as it is told of it. */
export async function openPublishing({
  db,
  bulletin,
  catalog,
  registry,
  engine,
  killAt,
  log,
}: PublishingParts): Promise<Publishing> {
  let open = false;
  // The directory is no answer to what it is asked.
  const sync = () => registry.sync(catalog.offered().filter(({ definition }) => definition !== DIRECTORY));
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const later = (problem: string) => (error: unknown) => {
    if (closed) return;
    log.warn({ err: error }, problem);
    clearTimeout(timer);
    timer = setTimeout(refresh, AGAIN_MS).unref();
  };
  const refresh = () => {
    published.refresh().catch(later('what is published could not be read'));
  };
  const published = new PublishedAgents({
    store: withKillPoint(new PrismaPublishedAgents(db), killAt),
    catalog,
    check: (definitions) => checkAttributesOf(definitions, engine),
    changed: async () => {
      // What is published is published, whenever searches find it.
      if (open) await sync().catch(later('what is published is not found by searches yet'));
    },
    unserved: (code, problem) => log.error({ code, problem }, 'a published agent is not served'),
  });
  await published.refresh();
  bulletin.hear(PUBLISHED_TOPIC, refresh, refresh);
  return {
    published,
    openRegistry: async () => {
      open = true;
      await sync();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
