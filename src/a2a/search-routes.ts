import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { type AgentQuery, type AgentRegistry, agentResource } from '../agents/search.ts';
import type { Caller } from '../auth/caller.ts';
import { HostError } from '../errors.ts';
import { answerError, jsonBody } from '../web/json-body.ts';

export interface SearchRoutesOptions {
  registry: Pick<AgentRegistry, 'search'>;
  callerOf(req: Request): Caller;
  /** Changes when the published set changes. */
  registryVersion: () => string;
  publicUrl: string;
}

const MAX_BODY = 1024 * 1024;

const names = z.array(z.string()).optional();

export const searchSchema = z.object({
  query: z.string().optional(),
  skip: z.int().min(0).default(0),
  top: z.int().min(1).max(100).default(20),
  skills: names,
  tags: names,
  provider: z.string().optional(),
  capabilities: names,
});

/** `POST /agents/search`: the agents that match, a page at a time. */
export function searchRoutes({
  registry,
  callerOf,
  registryVersion,
  publicUrl,
}: SearchRoutesOptions): Router {
  const router = Router();

  router.post('/agents/search', jsonBody(MAX_BODY), async (req, res) => {
    const query = parseSearch(req.body);
    if (typeof query === 'string') return answerError(res, 400, query);
    try {
      const { total, agents } = await registry.search({ ...query, viewer: callerOf(req) });
      res.json({
        registry_version: registryVersion(),
        resources: agents.map((agent) => agentResource(agent, publicUrl)),
        total_count: total,
      });
    } catch (error) {
      answerOutage(res, error);
    }
  });

  return router;
}

/** The query, or what is wrong with the body. */
function parseSearch(body: unknown): AgentQuery | string {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) return 'The body must be a JSON object';
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const result = searchSchema.safeParse(fields);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

function answerOutage(res: Response, error: unknown): void {
  if (!(error instanceof HostError && error.code === 'unavailable')) throw error;
  res.set('Retry-After', '1');
  answerError(res, 503, error.message);
}
