import { type Request, type Response, Router } from 'express';
import type { Viewer } from '../agents/access.ts';
import type { AgentCards } from '../agents/cards.ts';
import { callerIfAny } from '../auth/guard.ts';
import { answerError } from '../web/json-body.ts';

export interface CardRoutesOptions {
  /** The cards by workflow code, as far as there are such agents for the viewer. */
  cards: { get(code: string, viewer: Viewer | undefined): AgentCards | undefined };
  /** The shape of `agent-card.json` for clients that name no version. */
  defaultVersion: '1.0' | '0.3';
}

// Long enough to spare a client that asks before every call, short enough for a deploy to be seen soon.
const MAX_AGE = 'max-age=300';

/** The host's own card, at its root: that of the agent with this code. */
export function hostCardRoutes({
  cards,
  defaultVersion,
  code,
}: CardRoutesOptions & { code: string }): Router {
  const router = Router();
  router.get('/.well-known/agent.json', (req, res) =>
    serve(cards.get(code, callerIfAny(req)), 'v03', req, res),
  );
  router.get('/.well-known/agent-card.json', (req, res) => {
    res.vary('A2A-Version');
    serve(cards.get(code, callerIfAny(req)), shapeFor(req, defaultVersion), req, res);
  });
  return router;
}

/** `GET /{code}/.well-known/agent.json` and `agent-card.json` (A2A v1.0 §8.2, §8.6; v0.3 §5.3). */
export function cardRoutes({ cards, defaultVersion }: CardRoutesOptions): Router {
  const router = Router();

  router.get('/:code/.well-known/agent.json', (req, res) => {
    serve(cards.get(req.params.code, callerIfAny(req)), 'v03', req, res);
  });

  router.get('/:code/.well-known/agent-card.json', (req, res) => {
    res.vary('A2A-Version');
    serve(cards.get(req.params.code, callerIfAny(req)), shapeFor(req, defaultVersion), req, res);
  });

  return router;
}

const shapeFor = (req: Request, defaultVersion: '1.0' | '0.3'): 'v1' | 'v03' =>
  (askedVersion(req) ?? defaultVersion) === '0.3' ? 'v03' : 'v1';

/** The version that the client names, if it is one we speak; any other gets the default. */
function askedVersion(req: Request): '1.0' | '0.3' | undefined {
  const query = req.query['A2A-Version'];
  const asked = req.get('A2A-Version') ?? (typeof query === 'string' ? query : '');
  // Patch numbers do not count (A2A v1.0 §3.6).
  const match = /^\s*(1\.0|0\.3)(\.\d+)?\s*$/.exec(asked);
  return match?.[1] as '1.0' | '0.3' | undefined;
}

function serve(cards: AgentCards | undefined, shape: 'v1' | 'v03', req: Request, res: Response): void {
  if (!cards) {
    answerError(res, 404, `No agent has the workflow code ${JSON.stringify(req.params.code)}`);
    return;
  }
  const { etag, body } = cards[shape];
  const { lastModified, limited } = cards;
  res.set({
    ETag: etag,
    'Last-Modified': lastModified,
    'Cache-Control': `${limited ? 'private' : 'public'}, ${MAX_AGE}`,
  });
  if (isFresh(req, etag, lastModified)) res.status(304).end();
  else res.type('json').send(body);
}

/**
 * RFC 9110 §13.2.2. Not Express's own: it takes `Cache-Control: no-cache` for a wish not to hear 304, while it
 * speaks to caches only, and `fetch` adds it to every conditional request.
 */
function isFresh(req: Request, etag: string, lastModified: string): boolean {
  const noneMatch = req.get('If-None-Match');
  if (noneMatch !== undefined) {
    const known = noneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return known.includes('*') || known.includes(etag);
  }
  const since = Date.parse(req.get('If-Modified-Since') ?? '');
  return Date.parse(lastModified) <= since;
}
