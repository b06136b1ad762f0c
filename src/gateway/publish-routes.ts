import { type Request, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { AgentVersion, PublishedAgents, Publisher } from '../agents/published.ts';
import { addressOf } from '../auth/guard.ts';
import { HostError } from '../errors.ts';
import { claimOf, idempotent, onceFor } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import type { RemoteAgentStore } from './agents.ts';
import { body, callerId, handler, named, refuseKey, SMALL_BODY } from './answers.ts';
import { agentNotFound, GatewayError, invalidRequest } from './gateway-error.ts';
import type { ProviderStore } from './providers.ts';
import { parseBody, publishedSchema } from './requests.ts';

export interface PublishRoutesOptions {
  published: Pick<PublishedAgents, 'versions' | 'publish' | 'unpublish'>;
  remotes: Pick<RemoteAgentStore, 'find'>;
  providers: Pick<ProviderStore, 'find'>;
  keys: KeyStore;
  log: Logger;
}

/** `/admin/agents`: what `agent-host publish` and `unpublish` do. */
export function publishRoutes({ published, remotes, providers, keys, log }: PublishRoutesOptions): Router {
  const router = Router();
  const once = idempotent({ store: keys, refuse: refuseKey, log }, 'itself');
  router.get(
    '/admin/agents',
    handler(log, async (_req, res) => {
      res.json({ agents: (await published.versions()).map(versionView) });
    }),
  );
  router.post(
    '/admin/agents',
    body(SMALL_BODY),
    once,
    handler(log, async (req, res) => {
      const given = parseBody(publishedSchema, req.body);
      const done = await onceFor(claimOf(req), async () => {
        // Agents elsewhere have ids of the same kind.
        for (const { code, provider } of given.agents) {
          if ((await remotes.find(code)) !== undefined) {
            throw agentExists(code, 'code: is taken by an agent elsewhere');
          }
          const offering = typeof provider === 'string' ? await providers.find(provider) : undefined;
          if (offering?.status === 'revoked') throw providerRevoked(offering.providerId);
          if (typeof provider === 'string' && offering === undefined) {
            const problem = `provider: there is no provider ${JSON.stringify(provider)}`;
            throw invalidRequest(`agent ${JSON.stringify(code)}: ${problem}`);
          }
        }
        const made = await inThisBody(() => published.publish(given, publisher(req)));
        if ('problem' in made) throw agentExists(made.code, made.problem);
        return { changed: made.changed };
      });
      const changed = new Set(done.changed);
      const agents = given.agents.map(({ code, version }) => ({
        agent_id: code,
        version,
        changed: changed.has(code),
      }));
      res.status(201).json({ agents });
    }),
  );
  const unpublish: RequestHandler = handler(log, async (req, res) => {
    const code = named(req, 'agent_id');
    if (!(await published.unpublish(code, publisher(req)))) throw agentNotFound(code);
    res.status(202).json({ agent_id: code, status: 'draining' });
  });
  router.delete('/admin/agents/:agent_id', unpublish);
  return router;
}

export const publisher = (req: Request): Publisher => ({
  by: callerId(req),
  from: addressOf(req),
  claim: claimOf(req),
});

export const agentExists = (code: string, problem: string): GatewayError =>
  new GatewayError(409, 'agent_exists', `agent ${JSON.stringify(code)}: ${problem}`);

export const providerRevoked = (id: string): GatewayError =>
  new GatewayError(403, 'provider_revoked', `Provider ${id} is revoked`);

/** What the definition of an agent is told for is here the body's. */
export async function inThisBody<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostError && error.code === 'config') throw invalidRequest(error.message);
    throw error;
  }
}

const versionView = ({
  code,
  version,
  given,
  newest,
  drainingSince,
  unpublishedAt,
  publishedBy,
  publishedAt,
}: AgentVersion) => ({
  agent_id: code,
  version,
  status: unpublishedAt ? 'unpublished' : drainingSince ? 'draining' : newest ? 'serving' : 'replaced',
  deprecated: typeof given.deprecated === 'string' ? given.deprecated : null,
  published_by: publishedBy,
  published_at: publishedAt.toISOString(),
});
