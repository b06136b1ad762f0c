import type { Client } from '@temporalio/client';
import { Router } from 'express';
import type { Logger } from 'pino';
import { olderShape } from './a2a/older-shape.ts';
import type { AgentCatalog } from './agents/catalog.ts';
import { type AgentDefinition, DIRECTORY_CODE } from './agents/definition.ts';
import { reviewProfile } from './agents/review.ts';
import type { StreamLimits } from './auth/limits/stream-limits.ts';
import { CallBook } from './calls/call-book.ts';
import type { Config } from './config.ts';
import { AgentTasks } from './gateway/agent-tasks.ts';
import {
  type GatewayAgent,
  type GatewayAgents,
  LOCAL_PROVIDER,
  type Switches,
  switchesOf,
} from './gateway/agents.ts';
import { BackgroundCalls } from './gateway/background-calls.ts';
import { Gateway } from './gateway/gateway.ts';
import { invokeRoutes } from './gateway/invoke-routes.ts';
import { LocalLink } from './gateway/local-link.ts';
import { receiptRoutes } from './gateway/receipt-routes.ts';
import { registryRoutes } from './gateway/registry-routes.ts';
import type { Metrics } from './metrics.ts';
import { decideSwitches } from './policy/decide.ts';
import { createReceipts } from './receipt-keeping.ts';
import type { SigningKeys } from './signing/keys.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaProviderStore } from './storage/provider-store.ts';
import { PrismaSwitches } from './storage/switches.ts';
import type { TaskStore } from './tasks/ports.ts';
import type { TaskService } from './tasks/service.ts';
import { startGatewayCall } from './temporal/call-engine.ts';
import type { OpenRequests } from './web/open-requests.ts';

export interface GatewayParts {
  config: Config;
  db: PrismaClient;
  store: TaskStore;
  tasks: TaskService;
  catalog: AgentCatalog;
  client(): Client;
  signing: SigningKeys;
  metrics: Metrics;
  log: Logger;
}

export interface GatewayHost {
  sweep(): Promise<void>;
  beginCall(receiptId: string): Promise<void>;
  /** Has the receipts of calls that wait for this task made final; nobody waits for it. */
  taskChanged(taskId: string): void;
  /** Why agents of this host are not called; undefined for those that are. */
  refusals(): Promise<(code: string) => string | undefined>;
  /** The agents that can be called, and the one book that all calls are in. */
  agents: GatewayAgents;
  calls: CallBook;
  router(serving: { requests: OpenRequests; streams: Pick<StreamLimits, 'open'> }): Router;
}

/** The gateway, put together: receipts on every process, its routes where there are surfaces. */
export function createGateway(parts: GatewayParts): GatewayHost {
  const { config, db, store, tasks, catalog, client, signing, metrics, log } = parts;
  const begin = (receiptId: string) => startGatewayCall(client, receiptId);
  const receipts = createReceipts({
    db,
    tasks: store,
    signing,
    begin,
    asyncDeadlineMs: config.GATEWAY_ASYNC_DEADLINE * 1_000,
    killAt: config.KILL_AT,
    metrics,
    log,
  });
  const agents = localAgents(catalog);
  const switches = new PrismaSwitches(db);
  const link = new LocalLink({ tasks, show: olderShape });
  const { ledger, records, settle } = receipts;
  const calls = new CallBook({
    ledger,
    switches: async (agent) => switchesOf(agent, await switches.current()),
    limits:
      config.GATEWAY_MAX_COST_UNITS === undefined ? {} : { maxCostUnits: config.GATEWAY_MAX_COST_UNITS },
    log,
  });
  const background = new BackgroundCalls({ calls: receipts.calls, ledger, records, agents, link, settle });
  return {
    sweep: receipts.sweep,
    beginCall: (receiptId) => background.begin(receiptId),
    taskChanged: (taskId) => {
      background
        .taskChanged(taskId)
        .catch((error) => log.warn({ err: error, taskId }, 'receipts are left to the next sweep'));
    },
    refusals: () => refusals(switches),
    agents,
    calls,
    router: ({ requests, streams }) => {
      const gateway = new Gateway({
        calls,
        link,
        beginLater: begin,
        invokeTimeoutMs: config.INVOKE_TIMEOUT * 1_000,
        log,
      });
      return Router()
        .use(
          invokeRoutes({
            gateway,
            tasks: new AgentTasks({ link, receipts: receipts.store, switches }),
            agents,
            requests,
            streams,
            cancelWaitMs: config.SEND_WAIT * 1_000,
            maxBody: config.MAX_BODY,
            log,
          }),
        )
        .use(registryRoutes({ agents, providers: new PrismaProviderStore(db), switches, log }))
        .use(
          receiptRoutes({
            receipts: receipts.store,
            verdicts: receipts.verdicts,
            ledger,
            verify: receipts.verify,
            log,
          }),
        );
    },
  };
}

/** The host's own agent is none of them: it is no answer to what it is asked. */
function localAgents(catalog: AgentCatalog): GatewayAgents {
  const agents = new Map(
    catalog
      .all()
      .filter(({ definition }) => definition.code !== DIRECTORY_CODE)
      .map(({ definition }) => [definition.code, localAgent(definition)]),
  );
  return { find: async (agentId) => agents.get(agentId), all: async () => [...agents.values()] };
}

const localAgent = (definition: AgentDefinition): GatewayAgent => ({
  agentId: definition.code,
  providerId: LOCAL_PROVIDER,
  name: definition.name,
  description: definition.description,
  version: definition.version,
  skills: definition.skills,
  review: reviewProfile(definition.review),
  ...(definition.access && { access: definition.access }),
  definition,
});

/** Why an agent of this host is not called, if it is so: the same switches that policy reads. */
async function refusals(switches: Switches): Promise<(code: string) => string | undefined> {
  const state = await switches.current();
  return (code) => {
    const { agent, provider } = switchesOf({ agentId: code, providerId: LOCAL_PROVIDER }, state);
    const decision = decideSwitches(agent, provider);
    return decision.decision === 'refuse' ? decision.message : undefined;
  };
}
