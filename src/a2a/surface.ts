import { Router } from 'express';
import type { Logger } from 'pino';
import type { Viewer } from '../agents/access.ts';
import type { AgentCards } from '../agents/cards.ts';
import type { AgentCatalog, PublishedAgent } from '../agents/catalog.ts';
import type { AgentRegistry } from '../agents/search.ts';
import type { Caller } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import type { RequestLimits } from '../auth/limits/request-limits.ts';
import type { StreamLimits } from '../auth/limits/stream-limits.ts';
import type { PushService } from '../push/service.ts';
import type { Files } from '../tasks/files.ts';
import type { TaskService } from '../tasks/service.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import type { Refusals } from './blocked.ts';
import { cardRoutes } from './card-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { AgentRpc } from './json-rpc.ts';
import { pushRoutes } from './push-routes.ts';
import { AgentRequestHandler } from './request-handler.ts';
import { restRoutes } from './rest-routes.ts';
import { rpcRoutes } from './rpc-routes.ts';
import { searchRoutes } from './search-routes.ts';

export interface AgentSurfaceOptions {
  catalog: AgentCatalog;
  /** The cards by workflow code. */
  cards: { get(code: string): AgentCards | undefined };
  registry: AgentRegistry;
  tasks: TaskService;
  files: Files;
  push: PushService;
  /** The host's public URL. */
  publicUrl: string;
  cardVersion: '1.0' | '0.3';
  sendWaitMs: number;
  maxBody: number;
  limits: Pick<RequestLimits, 'count' | 'most'>;
  streams: Pick<StreamLimits, 'open'>;
  requests: OpenRequests;
  /** Why agents are not called at the moment; undefined for those that are. */
  refusals: Refusals;
  log: Logger;
}

export interface AgentSurface {
  router: Router;
  /** Each agent's methods, whatever the transport; undefined when there is no such agent for this caller. */
  agent(code: string, caller: Caller): AgentRequestHandler | undefined;
}

/** The agent surface: cards, search, and each agent's methods. */
export function agentSurface(options: AgentSurfaceOptions): AgentSurface {
  const { catalog, cards, registry, requests, maxBody, log, publicUrl } = options;
  const router = Router();
  const cardsFor = {
    get: (code: string, viewer: Viewer | undefined) =>
      catalog.publishes(code, viewer) ? cards.get(code) : undefined,
  };
  router.use(cardRoutes({ cards: cardsFor, defaultVersion: options.cardVersion }));
  router.use(searchRoutes({ registry, callerOf, registryVersion: () => catalog.version(), publicUrl }));
  router.use(
    fileRoutes({ files: options.files, callerOf, hiddenFrom: (viewer) => catalog.hiddenFrom(viewer) }),
  );
  const rpcs = agentRpcs(options);
  const agent = (code: string, caller: Caller) => (catalog.has(code, caller) ? rpcs(code) : undefined);
  const transport = {
    agent,
    callerOf,
    count: (caller: Caller, code: string, requests: number) => options.limits.count(caller, code, requests),
    most: options.limits.most,
    requests,
    refusals: options.refusals,
    maxBody,
    log,
  };
  router.use(restRoutes(transport));
  router.use(pushRoutes({ ...transport, push: options.push }));
  router.use(rpcRoutes(transport));
  return { router, agent: (code, caller) => agent(code, caller)?.handler };
}

/** Each agent's JSON-RPC, made at its first call; anew for a new version of it. */
function agentRpcs({
  catalog,
  cards,
  tasks,
  push,
  streams,
  sendWaitMs,
  log,
}: AgentSurfaceOptions): (code: string) => AgentRpc | undefined {
  const made = new WeakMap<PublishedAgent, AgentRpc>();
  return (code) => {
    const published = catalog.get(code);
    const known = published && made.get(published);
    if (known !== undefined) return known;
    const ownCards = cards.get(code);
    if (published === undefined || ownCards === undefined) return undefined;
    const agent = published.definition;
    const handler = new AgentRequestHandler({ agent, cards: ownCards, tasks, push, streams, log });
    const rpc = new AgentRpc({ code, handler, sendWaitMs, log });
    made.set(published, rpc);
    return rpc;
  };
}
