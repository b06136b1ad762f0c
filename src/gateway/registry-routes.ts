import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { isVisible } from '../agents/access.ts';
import { reviewVersion } from '../agents/review.ts';
import { addressOf, callerOf } from '../auth/guard.ts';
import { claimOf, idempotent, onceFor } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import {
  type AgentPublishingOptions,
  knownProvider,
  publishAgent,
  unpublishAgent,
} from './agent-publishing.ts';
import type { GatewayAgent, RemoteAgent, Switches, SwitchState } from './agents.ts';
import { body, callerId, handler, named, refuseKey, SMALL_BODY } from './answers.ts';
import { agentNotFound, GatewayError } from './gateway-error.ts';
import type { Provider, ProviderStore, SwitchTurn } from './providers.ts';
import { agentQuerySchema, parseBody, providerSchema, reasonSchema } from './requests.ts';

export interface RegistryRoutesOptions extends AgentPublishingOptions {
  switches: Switches;
  keys: KeyStore;
  log: Logger;
}

/** The agents, who offers them, and the switches that policy reads. */
export function registryRoutes(options: RegistryRoutesOptions): Router {
  const { agents, providers, switches, keys, log } = options;
  const router = Router();
  const small = body(SMALL_BODY);
  const once = idempotent({ store: keys, refuse: refuseKey, log }, 'itself');
  const get = (path: string, work: (req: Request, res: Response) => Promise<void>) =>
    router.get(path, handler(log, work));
  const post = (path: string, work: (req: Request, res: Response) => Promise<void>) =>
    router.post(path, small, once, handler(log, work));

  get('/agents', async (req, res) => {
    const { provider_id, limit, cursor } = parseBody(agentQuerySchema, { ...req.query });
    const visible = (await agents.all())
      .filter((agent) => isVisible(agent, callerOf(req)))
      .filter((agent) => provider_id === undefined || agent.providerId === provider_id)
      .filter(({ agentId }) => cursor === undefined || agentId > cursor)
      .sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
    const state = await switches.current();
    const page = visible.slice(0, limit);
    res.json({
      agents: page.map((agent) => agentView(agent, state)),
      next_cursor: visible.length > limit ? (page.at(-1)?.agentId ?? null) : null,
    });
  });
  get('/agents/:agent_id', async (req, res) => {
    const agent = await agents.find(named(req, 'agent_id'));
    if (agent === undefined || !isVisible(agent, callerOf(req))) throw agentNotFound(named(req, 'agent_id'));
    res.json(agentView(agent, await switches.current()));
  });
  post('/agents', async (req, res) => {
    const agent = await publishAgent(req, options);
    res.status(201).json(agentView(agent, await switches.current()));
  });
  router.delete(
    '/agents/:agent_id',
    handler(log, async (req, res) => {
      const agentId = named(req, 'agent_id');
      if ((await unpublishAgent(req, agentId, options)) === 'gone') res.status(204).end();
      else res.status(202).json({ agent_id: agentId, status: 'draining' });
    }),
  );
  get('/providers', async (_req, res) => {
    res.json({ providers: (await providers.list()).map(providerView) });
  });
  post('/providers', async (req, res) => {
    const { provider_id, name, url } = parseBody(providerSchema, req.body);
    const wanted = { providerId: provider_id, name, ...(url && { url }) };
    const who = { by: callerId(req), from: addressOf(req) };
    const created = await onceFor(claimOf(req), (claim) => providers.create(wanted, { ...who, claim }));
    if (created === undefined) {
      throw new GatewayError(409, 'provider_exists', `provider_id: there is a provider ${provider_id}`);
    }
    res.status(201).json(providerView(created));
  });

  for (const [path, change] of PROVIDER_SWITCHES) {
    post(path, async (req, res) => {
      const id = named(req, 'provider_id');
      const known = async () => void (await knownProvider(id, providers));
      res.json(await turned({ subject: 'provider', id, change }, req, { providers, known }));
    });
  }
  for (const change of ['block', 'unblock'] as const) {
    post(`/admin/agents/:agent_id/${change}`, async (req, res) => {
      const id = named(req, 'agent_id');
      const known = async () => {
        if ((await agents.find(id)) === undefined) throw agentNotFound(id);
      };
      res.json(await turned({ subject: 'agent', id, change }, req, { providers, known }));
    });
  }
  return router;
}

const PROVIDER_SWITCHES = [
  ['/providers/:provider_id/revoke', 'revoke'],
  ['/admin/providers/:provider_id/block', 'block'],
  ['/admin/providers/:provider_id/unblock', 'unblock'],
] as const;

async function turned(
  turn: Pick<SwitchTurn, 'subject' | 'id' | 'change'>,
  req: Request,
  { providers, known }: { providers: ProviderStore; known(): Promise<void> },
): Promise<object> {
  const { reason } = parseBody(reasonSchema, req.body);
  const by = callerId(req);
  const whole = { ...turn, by, reason, from: addressOf(req) };
  const status = await onceFor(claimOf(req), async (claim) => {
    await known();
    return providers.turn({ ...whole, claim });
  });
  return { [`${turn.subject}_id`]: turn.id, status, by, reason };
}

const providerView = ({ providerId, name, url, status, createdAt }: Provider) => ({
  provider_id: providerId,
  name,
  ...(url === undefined ? {} : { url }),
  status,
  created_at: createdAt,
});

const remoteView = ({ cardUrl, allowPrivate, signed, health, cardState }: RemoteAgent) => ({
  card_url: cardUrl,
  allow_private: allowPrivate,
  card_signed: signed,
  card_fetched_at: cardState?.fetchedAt ?? null,
  card_changed_at: cardState?.changedAt ?? null,
  health: {
    last_seen_at: health?.seenAt ?? null,
    latency_ms: health?.latencyMs ?? null,
    success_rate: health?.calls ? 1 - health.failures / health.calls : null,
    card_problem: cardState?.problem ?? null,
  },
});

const agentView = (agent: GatewayAgent, { blockedAgents, providers }: SwitchState) => ({
  agent_id: agent.agentId,
  provider_id: agent.providerId,
  name: agent.name,
  description: agent.description,
  version: agent.version,
  skills: agent.skills,
  kind: agent.remote === undefined ? 'workflow' : 'remote',
  ...(agent.remote && remoteView(agent.remote)),
  status: blockedAgents.has(agent.agentId)
    ? 'blocked'
    : (providers.get(agent.providerId) ?? (agent.definition?.draining ? 'draining' : 'active')),
  review: {
    risk_level: agent.review.riskLevel,
    human_approval_required: agent.review.humanApprovalRequired,
    allowed_regions: agent.review.allowedRegions,
    cost_per_call_units: agent.review.costPerCallUnits,
    data_classes: agent.review.dataClasses,
  },
  review_version: reviewVersion(agent.review),
});
