import type { Client } from '@temporalio/client';
import { Router } from 'express';
import type { Logger } from 'pino';
import { olderShape } from './a2a/older-shape.ts';
import type { AgentCatalog, PublishedAgent } from './agents/catalog.ts';
import { type AgentDefinition, DIRECTORY_CODE } from './agents/definition.ts';
import type { PublishedAgents } from './agents/published.ts';
import { reviewProfile } from './agents/review.ts';
import type { StreamLimits } from './auth/limits/stream-limits.ts';
import { CallBook } from './calls/call-book.ts';
import { cardFetcher, cardRefresh } from './card-wiring.ts';
import type { Config } from './config.ts';
import { AgentTasks } from './gateway/agent-tasks.ts';
import {
  type GatewayAgent,
  type GatewayAgents,
  LOCAL_PROVIDER,
  type RemoteAgentStore,
  switchesOf,
} from './gateway/agents.ts';
import { authContextRoutes } from './gateway/auth-context-routes.ts';
import { BackgroundCalls } from './gateway/background-calls.ts';
import { Credentials, type Sealer } from './gateway/credentials.ts';
import { Gateway } from './gateway/gateway.ts';
import { invokeRoutes } from './gateway/invoke-routes.ts';
import { Links } from './gateway/links.ts';
import { LocalLink } from './gateway/local-link.ts';
import { OwnedLink } from './gateway/owned-link.ts';
import { publishRoutes } from './gateway/publish-routes.ts';
import { receiptRoutes } from './gateway/receipt-routes.ts';
import { registryRoutes } from './gateway/registry-routes.ts';
import { AllRecords } from './gateway/remote-records.ts';
import type { KeyStore } from './idempotency/ports.ts';
import { withKillPoint } from './kill-points.ts';
import type { Metrics } from './metrics.ts';
import { Addresses } from './outbound/addresses.ts';
import { createFetch } from './outbound/fetch.ts';
import { overviewRouter } from './overview-wiring.ts';
import { createReceipts } from './receipt-keeping.ts';
import { RemoteLink } from './remote/remote-link.ts';
import type { SigningKeys } from './signing/keys.ts';
import { PrismaAuthContexts } from './storage/auth-contexts.ts';
import { PrismaForeignNames } from './storage/foreign-names.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaKeyStore } from './storage/key-store.ts';
import { PrismaProviderStore } from './storage/provider-store.ts';
import { PrismaRemoteAgents } from './storage/remote-agents.ts';
import type { Switching } from './switching.ts';
import type { TaskNews } from './tasks/overview.ts';
import type { TaskStore } from './tasks/ports.ts';
import type { TaskService } from './tasks/service.ts';
import { startGatewayCall } from './temporal/call-engine.ts';
import { tracedFetch } from './tracing/http.ts';
import type { OpenRequests } from './web/open-requests.ts';

export interface GatewayParts {
  config: Config;
  db: PrismaClient;
  store: TaskStore;
  tasks: TaskService;
  catalog: AgentCatalog;
  client(): Client;
  signing: SigningKeys;
  secrets: Sealer;
  metrics: Metrics;
  published: PublishedAgents;
  news: TaskNews;
  switching: Switching;
  /** Is told, in the context of a request, that it waits for an agent elsewhere. */
  waits(): boolean;
  log: Logger;
}

export interface GatewayHost {
  sweep(): Promise<void>;
  /** Removes what of receipts is older than it is kept. */
  removeOldReceipts(): Promise<void>;
  /** Fetches the cards of agents elsewhere again that are old. */
  refreshCards(): Promise<void>;
  /** The calls that nobody waits for. */
  background: Pick<BackgroundCalls, 'begin' | 'follow' | 'expire'>;
  /** Has the receipts of calls that wait for this task made final; nobody waits for it. */
  taskChanged(taskId: string): void;
  /** Why agents of this host are not called; undefined for those that are. */
  refusals(): Promise<(code: string) => string | undefined>;
  /** The agents that can be called, and the one book that all calls are in. */
  agents: GatewayAgents;
  calls: CallBook;
  /** The idempotency keys of calls. */
  keys: KeyStore;
  router(serving: { requests: OpenRequests; streams: Pick<StreamLimits, 'open'> }): Router;
}

/** The gateway, put together: receipts on every process, its routes where there are surfaces. */
export function createGateway(parts: GatewayParts): GatewayHost {
  const { config, db, store, tasks, catalog, client, signing, secrets, metrics, log } = parts;
  const begin = (receiptId: string) => startGatewayCall(client, receiptId);
  const remotes = new PrismaRemoteAgents(db);
  const agents = allAgents(catalog, remotes);
  const { switches } = parts.switching;
  const contexts = new PrismaAuthContexts(db);
  const credentials = new Credentials({ contexts, box: secrets });
  const fetchTo = outboundFetch(config.INVOKE_TIMEOUT, parts.waits);
  const local = new LocalLink({ tasks, show: olderShape });
  const names = new PrismaForeignNames(db);
  const lines = withKillPoint(new RemoteLink({ fetchTo, store: remotes }), config.KILL_AT);
  const remote = new OwnedLink({ link: lines, names });
  const link = new Links({ local, remote });
  const receipts = createReceipts({
    db,
    tasks: store,
    signing,
    begin,
    invokeTimeoutMs: config.INVOKE_TIMEOUT * 1_000,
    records: (own) =>
      new AllRecords({
        local: own,
        agents,
        link,
        credentials,
        // Nobody whose call is still waited for is cut short.
        deadlineMs: Math.max(config.GATEWAY_ASYNC_DEADLINE, config.INVOKE_TIMEOUT) * 1_000,
      }),
    asyncDeadlineMs: config.GATEWAY_ASYNC_DEADLINE * 1_000,
    retention: {
      bodiesMs: daysMs(config.KEEP_RECEIPT_BODIES),
      receiptsMs: daysMs(config.KEEP_RECEIPTS),
    },
    killAt: config.KILL_AT,
    metrics,
    log,
  });
  const { ledger, records, settle } = receipts;
  const calls = new CallBook({
    ledger,
    switches: async (agent) => switchesOf(agent, await switches.current()),
    limits:
      config.GATEWAY_MAX_COST_UNITS === undefined ? {} : { maxCostUnits: config.GATEWAY_MAX_COST_UNITS },
    refused: metrics.refused,
    log,
  });
  const keys = withKillPoint(new PrismaKeyStore(db), config.KILL_AT);
  const background = new BackgroundCalls({
    calls: receipts.calls,
    ledger,
    records,
    agents,
    local,
    remote,
    credentials,
    switches,
    watch: (holds, end) => parts.switching.standing.watch(holds, end),
    deadlineMs: config.GATEWAY_ASYNC_DEADLINE * 1_000,
    settle,
  });
  return {
    sweep: receipts.sweep,
    removeOldReceipts: receipts.removeOld,
    refreshCards: cardRefresh({ db, fetchTo, ageMs: config.CARD_REFRESH * 1_000, log }),
    background,
    taskChanged: (taskId) => {
      background
        .taskChanged(taskId)
        .catch((error) => log.warn({ err: error, taskId }, 'receipts are left to the next sweep'));
    },
    refusals: () => parts.switching.refusals(catalog),
    agents,
    calls,
    keys,
    router: ({ requests, streams }) => {
      const providers = new PrismaProviderStore(db);
      const gateway = new Gateway({
        calls,
        link,
        receipts: receipts.store,
        credentials,
        beginLater: begin,
        invokeTimeoutMs: config.INVOKE_TIMEOUT * 1_000,
        log,
      });
      return Router()
        .use(
          invokeRoutes({
            gateway,
            tasks: new AgentTasks({ link, receipts: receipts.store, switches, credentials }),
            agents,
            requests,
            streams,
            cancelWaitMs: config.SEND_WAIT * 1_000,
            maxBody: config.MAX_BODY,
            keys,
            log,
          }),
        )
        .use(
          registryRoutes({
            agents,
            remotes,
            published: parts.published,
            fetchCard: cardFetcher(fetchTo),
            providers,
            switches,
            keys,
            log,
          }),
        )
        .use(publishRoutes({ published: parts.published, remotes, providers, keys, log }))
        .use(
          overviewRouter({
            ...parts,
            receipts: receipts.store,
            refusals: () => parts.switching.refusals(catalog),
            requests,
            streams,
          }),
        )
        .use(authContextRoutes({ credentials, contexts, providers, keys, log }))
        .use(
          receiptRoutes({
            receipts: receipts.store,
            verdicts: receipts.verdicts,
            chains: receipts.verdicts,
            ledger,
            verify: receipts.verify,
            keys,
            log,
          }),
        );
    },
  };
}

const daysMs = (days: number | undefined): number | undefined => days && days * 86_400_000;

/** Those of this host, without its own, which is no answer to what it is asked; and those elsewhere. */
function allAgents(catalog: AgentCatalog, remotes: RemoteAgentStore): GatewayAgents {
  const made = new WeakMap<PublishedAgent, GatewayAgent>();
  const local = (given: PublishedAgent | undefined): GatewayAgent | undefined => {
    if (given === undefined || given.definition.code === DIRECTORY_CODE) return undefined;
    const agent = made.get(given) ?? localAgent(given.definition);
    made.set(given, agent);
    return agent;
  };
  const published = (agentId: string) => {
    const agent = local(catalog.get(agentId));
    return agent?.definition?.unpublished ? undefined : agent;
  };
  const find = async (agentId: string) => published(agentId) ?? remotes.find(agentId);
  return {
    find,
    known: async (agentId) => (await find(agentId)) ?? local(catalog.get(agentId)),
    all: async () => [
      ...catalog.published().flatMap((agent) => local(agent) ?? []),
      ...(await remotes.all()).filter(({ agentId }) => published(agentId) === undefined),
    ],
  };
}

/** A body that is larger, or for which nothing comes for so long, is none. */
const OUTBOUND = { maxBytes: 32 * 1024 * 1024, idleMs: 30_000 };

function outboundFetch(
  waitSeconds: number,
  waits: () => boolean,
): (agent: { allowPrivate: boolean }) => typeof fetch {
  // No call that somebody waits for ends before its time.
  const limits = { ...OUTBOUND, idleMs: Math.max(OUTBOUND.idleMs, waitSeconds * 1_000) };
  const guarded = tracedFetch(createFetch({ ...limits, addresses: new Addresses([]) }));
  const anywhere = tracedFetch(createFetch({ ...limits, addresses: undefined }));
  return ({ allowPrivate }) =>
    (input, init) => {
      waits();
      return (allowPrivate ? anywhere : guarded)(input, init);
    };
}

const localAgent = (definition: AgentDefinition): GatewayAgent => ({
  agentId: definition.code,
  providerId: definition.provider ?? LOCAL_PROVIDER,
  name: definition.name,
  description: definition.description,
  version: definition.version,
  skills: definition.skills,
  review: reviewProfile(definition.review),
  ...(definition.access && { access: definition.access }),
  definition,
});
