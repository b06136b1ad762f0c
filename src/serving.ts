import { setTimeout as delay } from 'node:timers/promises';
import type { Router } from 'express';
import type { Logger } from 'pino';
import { hostCardRoutes } from './a2a/card-routes.ts';
import type { GrpcListening } from './a2a/grpc/server.ts';
import { agentSurface } from './a2a/surface.ts';
import { AGENT_SURFACE_PATH, type AgentCards, CardBook, type CardOptions } from './agents/cards.ts';
import type { AgentCatalog } from './agents/catalog.ts';
import type { AgentRegistry } from './agents/search.ts';
import { browserHeaders } from './auth/browsers.ts';
import { resourceMetadataRoutes } from './auth/oidc/resource-metadata.ts';
import { refusalBodies } from './auth/refusal-bodies.ts';
import { callerDataRouter } from './caller-data-wiring.ts';
import { type Callers, isOperator } from './callers.ts';
import type { Config } from './config.ts';
import { DIRECTORY } from './directory/definition.ts';
import type { Drain } from './drain.ts';
import { GATEWAY_PATH } from './gateway/access.ts';
import { adminRoutes } from './gateway/admin-routes.ts';
import { callerRoutes } from './gateway/caller-routes.ts';
import type { GatewayHost } from './gateway-wiring.ts';
import { grpcAgents, grpcInterface } from './grpc.ts';
import { healthRoutes } from './health.ts';
import { createApp, type Listening } from './http.ts';
import { INVOKE_PATH } from './invoke/access.ts';
import { invokeRouter } from './invoke-wiring.ts';
import { MCP_PATH } from './mcp/access.ts';
import { ToolCalls } from './mcp/calls.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { ToolChanges } from './mcp/tool-changes.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi/document.ts';
import { openApiRoutes } from './openapi/routes.ts';
import { CONSOLE_FOLDER, packageJson } from './package.ts';
import type { PushService } from './push/service.ts';
import { cardSigner } from './signing/card-signer.ts';
import { jwksRoutes } from './signing/jwks-routes.ts';
import type { SigningKeys } from './signing/keys.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import type { PrismaRepairStore } from './storage/repair-store.ts';
import { DESCRIBED, SURFACES, surfacesFor } from './surfaces.ts';
import type { Files } from './tasks/files.ts';
import type { TaskService } from './tasks/service.ts';
import type { TemporalHost } from './temporal/engine-host.ts';
import type { Undo } from './undo.ts';
import { ownUrlOf, publicUrlOf } from './urls.ts';
import { type StuckQueue, watchQueues } from './watching.ts';
import { consoleRoutes } from './web/console-routes.ts';
import { OpenRequests } from './web/open-requests.ts';

/** Enough to see what is wrong; the rest has the same causes. */
const STUCK_SHOWN = 20;
/** For clients whose streams a stop has ended: long enough for who comes back at once. */
const COME_BACK_MS = 500;
const LAST_MS = 250;

/** What the surfaces stand on. */
export interface Serving {
  listening: Listening;
  drain: Drain;
  grpc: GrpcListening | undefined;
  callers: Callers;
  catalog: AgentCatalog;
  registry: AgentRegistry;
  tasks: TaskService;
  push: PushService;
  files: Files;
  temporal: TemporalHost;
  db: PrismaClient;
  bulletin: Bulletin;
  repairs: PrismaRepairStore;
  metrics: Metrics;
  signing: SigningKeys;
  gateway: Pick<GatewayHost, 'router' | 'refusals' | 'agents' | 'calls' | 'keys'>;
}

/** Puts the surfaces together and opens them. @returns where the host is reached. */
export async function serve(
  config: Config,
  { log, undo }: { log: Logger; undo: Undo },
  parts: Serving,
): Promise<string> {
  const requests = new OpenRequests();
  const ownUrl = ownUrlOf(config, parts.listening.port);
  const publicUrl = publicUrlOf(config, parts.listening.port);
  const grpc = parts.grpc && grpcInterface(config, publicUrl, parts.grpc);
  const cards = await signedCards({ publicUrl, grpc }, parts);
  const sendWaitMs = config.SEND_WAIT * 1_000;
  const surface = agentSurface({
    ...parts,
    cards,
    publicUrl,
    cardVersion: config.CARD_VERSION,
    sendWaitMs,
    maxBody: config.MAX_BODY,
    limits: parts.callers.limits,
    streams: parts.callers.streams,
    requests,
    refusals: parts.gateway.refusals,
    log,
  });
  const stuckQueues = watchQueues(parts);
  const app = createApp({
    trustProxy: config.TRUST_PROXY,
    headers: browserHeaders({ corsOrigins: config.CORS_ORIGINS, publicUrl }),
    guard: parts.callers.guard(surfacesFor(config.INVOKE_REQUIRE_DPOP), [ownUrl, publicUrl]),
    drain: parts.drain,
    capacity: parts.callers.capacity,
    refusalBody: refusalBodies(SURFACES),
    answered: parts.metrics.answered,
    failed: parts.metrics.failed,
    routers: [
      {
        path: '/',
        surface: 'health',
        router: healthRoutes({
          ...parts,
          metrics: parts.metrics.registry,
          stuck: async (req) => (isOperator(req) ? stuckOf(parts.repairs, stuckQueues) : []),
        }),
      },
      {
        path: '/',
        surface: 'console',
        router: consoleRoutes({
          folder: CONSOLE_FOLDER,
          settings: { version: packageJson().version, sign_in: signInOf(config) },
          connect: config.AUTH_ISSUER === undefined ? [] : [new URL(config.AUTH_ISSUER).origin],
        }),
      },
      { path: '/', surface: 'cards', router: jwksRoutes(parts.signing) },
      ...resourceMetadata(config, publicUrl, parts),
      {
        path: '/',
        surface: 'cards',
        router: openApiRoutes(openApiDocument(DESCRIBED, aboutOf(publicUrl, parts))),
      },
      {
        path: '/',
        surface: 'cards',
        router: hostCardRoutes({ cards, defaultVersion: config.CARD_VERSION, code: DIRECTORY.code }),
      },
      { path: AGENT_SURFACE_PATH, surface: 'a2a', router: surface.router },
      { path: GATEWAY_PATH, surface: 'admin', router: adminRoutes({ ...parts.callers, log }) },
      {
        path: GATEWAY_PATH,
        surface: 'admin',
        router: callerDataRouter({ ...parts, audit: parts.callers.audit, log }),
      },
      { path: GATEWAY_PATH, surface: 'gateway', router: callerRoutes() },
      {
        path: INVOKE_PATH,
        surface: 'invoke',
        router: invokeRouter({ ...parts, config, requests, log }),
      },
      { path: '/', surface: 'mcp', router: mcpRouter(parts, { config, requests, log }) },
      {
        path: GATEWAY_PATH,
        surface: 'gateway',
        router: parts.gateway.router({ requests, streams: parts.callers.streams }),
      },
    ],
    log,
  });
  parts.listening.serve(app);
  if (grpc) {
    const { agent } = surface;
    parts.grpc?.serve(
      grpcAgents(
        { ...grpc, publicUrl },
        {
          agent,
          requests,
          capacity: parts.callers.capacity,
          refusals: parts.gateway.refusals,
          sendWaitMs,
          callers: parts.callers,
          trustProxy: config.TRUST_PROXY,
          log,
        },
      ),
    );
  }
  undo.add(async () => {
    if (config.DRAIN > 0) parts.grpc?.drain(config.DRAIN * 1_000);
    await parts.drain.run();
    if (config.DRAIN > 0) {
      requests.release();
      await delay(COME_BACK_MS);
    }
    const closed = parts.listening.close();
    // What was on its way as the connections were closed is answered.
    if (config.DRAIN > 0) await delay(LAST_MS);
    requests.stop();
    await Promise.all([closed, parts.grpc?.close()]);
  });
  return ownUrl;
}

/** Nothing where no access tokens are taken. */
function resourceMetadata(
  { AUTH_ISSUER: issuer }: Config,
  publicUrl: string,
  { callers: { authenticator } }: Serving,
) {
  if (issuer === undefined) return [];
  const { dpopAlgorithms } = authenticator;
  const router = resourceMetadataRoutes({ publicUrl, path: MCP_PATH, issuer, dpopAlgorithms });
  return [{ path: '/', surface: 'cards', router }];
}

function mcpRouter(
  { catalog, tasks, callers, gateway, bulletin }: Serving,
  { config, requests, log }: { config: Config; requests: OpenRequests; log: Logger },
): Router {
  const waitMs = config.SEND_WAIT * 1_000;
  const { limits, streams } = callers;
  const changes = new ToolChanges();
  catalog.onChange((agents) => changes.changed(agents));
  const calls = new ToolCalls({ catalog, tasks, limits, streams, refusals: gateway.refusals, waitMs });
  return mcpRoutes({
    calls,
    changes,
    streams,
    bulletin,
    requests,
    maxBody: config.MAX_BODY,
    version: packageJson().version,
    log,
  });
}

/** The cards as they are while the host asks for no credentials, and as they are once it does. */
async function signedCards(
  where: Pick<CardOptions, 'publicUrl' | 'grpc'>,
  { callers: { door, cardAuth }, catalog, signing }: Serving,
): Promise<{ get(code: string): AgentCards | undefined }> {
  const book = { ...where, catalog, modifiedAt: new Date() };
  const open = new CardBook(book);
  const guarded = new CardBook({ ...book, auth: cardAuth });
  const sign = cardSigner(signing, where.publicUrl);
  catalog.onPublish(async (agents) => {
    await Promise.all([open.sign(sign, agents), guarded.sign(sign, agents)]);
  });
  await Promise.all([open.sign(sign), guarded.sign(sign)]);
  return { get: (code) => (door.wasOpen ? open : guarded).get(code) };
}

/** What the console needs to sign people in at the issuer. */
function signInOf({ AUTH_ISSUER, AUTH_AUDIENCE, CONSOLE_CLIENT_ID, CONSOLE_SCOPE }: Config): object | null {
  if (AUTH_ISSUER === undefined || CONSOLE_CLIENT_ID === undefined) return null;
  return {
    issuer: AUTH_ISSUER,
    client_id: CONSOLE_CLIENT_ID,
    scope: CONSOLE_SCOPE,
    audience: AUTH_AUDIENCE ?? '',
  };
}

async function stuckOf(repairs: PrismaRepairStore, stuckQueues: () => Promise<StuckQueue[]>) {
  const [queues, problems] = await Promise.all([stuckQueues(), repairs.problems(STUCK_SHOWN)]);
  const tasks = problems.map(({ taskId: task, agentCode: agent, problem }) => ({ task, agent, problem }));
  return [...queues, ...tasks];
}

const aboutOf = (url: string, { callers }: Serving) => ({
  url,
  version: packageJson().version,
  openIdConnectUrl: callers.cardAuth.openIdConnectUrl,
});
