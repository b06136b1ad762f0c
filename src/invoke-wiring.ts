import { Router } from 'express';
import type { Logger } from 'pino';
import { agentUuid } from './agents/agent-uuid.ts';
import { dpopOnly } from './auth/guard.ts';
import type { Callers } from './callers.ts';
import type { Config } from './config.ts';
import type { GatewayAgent, GatewayAgents } from './gateway/agents.ts';
import type { GatewayHost } from './gateway-wiring.ts';
import type { InvokedAgent, InvokedAgents } from './invoke/agents.ts';
import { invokeRoutes } from './invoke/invoke-routes.ts';
import { Invoker } from './invoke/invoker.ts';
import { SessionTasks } from './invoke/session-tasks.ts';
import { taskRoutes } from './invoke/task-routes.ts';
import { TaskStream } from './invoke/task-stream.ts';
import type { PushService } from './push/service.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaTaskVersions } from './storage/task-versions.ts';
import type { TaskService } from './tasks/service.ts';
import type { OpenRequests } from './web/open-requests.ts';

export interface InvokeParts {
  config: Config;
  tasks: TaskService;
  push: PushService;
  /** Its agents and its rules are this facade's too. */
  gateway: Pick<GatewayHost, 'agents' | 'calls' | 'refusals' | 'keys'>;
  callers: Pick<Callers, 'limits' | 'streams' | 'authenticator' | 'refusals'>;
  db: PrismaClient;
  requests: OpenRequests;
  log: Logger;
}

/** The invoke facade, put together. */
export function invokeRouter(parts: InvokeParts): Router {
  const { config, tasks, push, gateway, callers, requests, log } = parts;
  const { limits, streams } = callers;
  const versions = new PrismaTaskVersions(parts.db);
  const agents = invokedAgents(gateway.agents);
  const waitMs = config.SEND_WAIT * 1_000;
  const invoker = new Invoker({ agents, tasks, calls: gateway.calls, push, limits, waitMs });
  const sessions = new SessionTasks({ tasks, agents, refusals: gateway.refusals, limits });
  const { keys } = gateway;
  const router = Router();
  if (config.INVOKE_REQUIRE_DPOP) router.use(dpopOnly(callers));
  return router.use(invokeRoutes({ invoker, keys, requests, maxBody: config.MAX_BODY, log })).use(
    taskRoutes({
      tasks: sessions,
      stream: new TaskStream({ tasks, versions }),
      streams,
      keys,
      requests,
      waitMs,
      log,
    }),
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function invokedAgents(published: GatewayAgents): InvokedAgents {
  return {
    find: async (agentId) => {
      const named = await published.find(agentId);
      if (named !== undefined || !UUID.test(agentId)) return ownOf(named);
      const uuid = agentId.toLowerCase();
      return ownOf((await published.all()).find((agent) => agentUuid(agent.agentId) === uuid));
    },
    known: async (agentId) => ownOf(await published.known(agentId)),
  };
}

/** Agents elsewhere are the gateway's alone. */
function ownOf(agent: GatewayAgent | undefined): InvokedAgent | undefined {
  return agent?.definition && { ...agent, definition: agent.definition };
}
