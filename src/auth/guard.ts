import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { HostError } from '../errors.ts';
import type { AuditLog } from './audit.ts';
import type { Authenticator, Presented } from './authenticator.ts';
import { type Caller, hasScope, type Scope } from './caller.ts';
import { type Capacity, CROWDED, CROWDED_RETRY_S, type Place } from './limits/capacity.ts';
import type { RequestLimits } from './limits/request-limits.ts';
import { challengesOf, Refusal } from './refusal.ts';
import { type Body, plainBody, refusalBodies } from './refusal-bodies.ts';
import type { RefusalLog } from './refusal-log.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'all';

/** What one route asks of its caller. */
export interface RouteAccess {
  method: Method;
  /** As Express takes it, from the surface's own path on. */
  path: string;
  /**
   * The scope it needs; `caller`: whoever is known, whatever they may do; `optional`: anybody, but who presents a
   * credential is recognised; `public`: anybody, and no credential is looked at.
   */
  needs: Scope | 'caller' | 'optional' | 'public';
  /** What it does is in the audit log by itself, with its reason; of any other act of an admin the guard writes there. */
  audited?: true;
  /** It is answered however much there is to do; so is what anybody may ask. */
  always?: true;
  /** It is answered in time whatever is away: who cannot be known within a moment is nobody. For `optional` ones. */
  soon?: true;
}

/** A surface as the guard sees it. What is not among its routes does not exist, whatever its router serves. */
export interface GuardedSurface {
  path: string;
  routes: readonly RouteAccess[];
  /** It takes access tokens bound by DPoP alone, and so offers nothing else; `dpopOnly` stands before its routes. */
  dpopOnly?: boolean;
  /** Path of its metadata as a resource of the issuer's (RFC 9728), where there is one: a refusal names it. */
  metadata?: string;
  /** How it tells a refusal; `{ message, status }` unless it has its own way. */
  body?: Body;
}

export interface GuardOptions {
  authenticator: Authenticator;
  surfaces: readonly GuardedSurface[];
  /** Where clients reach the host: what a proof's `htu` is compared with. */
  publicUrl: string;
  refusals: RefusalLog;
  audit: Pick<AuditLog, 'record'>;
  limits: Pick<RequestLimits, 'count'>;
  capacity: Pick<Capacity, 'enter'>;
  log: Logger;
}

const CALLERS = new WeakMap<Request, Caller>();

/** Notes who makes a request, for what comes after the guard. */
export const recognise = (req: Request, caller: Caller): void => void CALLERS.set(req, caller);

/** The caller the guard recognised; undefined for one without a credential, where the route takes such. */
export const callerIfAny = (req: Request): Caller | undefined => CALLERS.get(req);

/** The caller of a route that needs one. */
export function callerOf(req: Request): Caller {
  const caller = CALLERS.get(req);
  if (caller === undefined) throw new Error(`no guard stands before ${req.method} ${req.path}`);
  return caller;
}

/** Stands before every surface: lets a request pass that has what its route needs, and answers all others. */
export function accessGuard(options: GuardOptions): Router {
  const router = Router();
  for (const surface of options.surfaces) {
    for (const route of surface.routes) {
      const handler = check(route, surface, options);
      router[route.method](`${surface.path.replace(/\/$/, '')}${route.path}`, handler);
    }
  }
  const bodyOf = refusalBodies(options.surfaces);
  router.use((req, res) => {
    res.status(404).json(bodyOf(req.path)(404, 'There is nothing here'));
  });
  return router;
}

function check(route: RouteAccess, surface: GuardedSurface, options: GuardOptions): RequestHandler {
  const { needs, always } = route;
  // Leaves the guard's router: of several routes that fit, the first one counts.
  if (needs === 'public') return (_req, _res, next) => next('router');
  const letIn = whoMay(route, surface, options);
  if (needs === 'optional' || always) return letIn;
  const { body = plainBody } = surface;
  const crowded = (res: Response) => {
    res.set('Retry-After', CROWDED_RETRY_S);
    res.status(503).json(body(503, CROWDED));
  };
  return (req, res, next) => {
    const place = options.capacity.enter();
    if (place === undefined) {
      crowded(res);
      return;
    }
    res.once('close', place.end);
    const goOn: NextFunction = (what?: unknown) => {
      awaitBody(req, res, {
        place,
        crowded: () => crowded(res),
        tooSlow: () => res.status(408).json(body(408, 'The body is too slow to come; try again')),
      });
      next(what);
    };
    return place.run(() => letIn(req, res, goOn));
  };
}

const SLOW_BODY_MS = 1_500;

/** A body that is slow to come is no work: its request waits until it is there, and is then refused where there is no place. */
function awaitBody(
  req: Request,
  res: Response,
  { place, crowded, tooSlow }: { place: Place; crowded(): void; tooSlow(): void },
): void {
  const comes =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (req.complete || !comes) return;
  const slow = setTimeout(() => {
    if (res.headersSent || req.complete || place.rest()) return;
    res.set('Connection', 'close');
    res.once('finish', () => req.destroy());
    tooSlow();
  }, SLOW_BODY_MS).unref();
  const there = () => clearTimeout(slow);
  res.once('close', there);
  // Before whoever reads the body hears of it; what was answered meanwhile it leaves alone.
  req.once('end', () => {
    there();
    if (!res.headersSent && !place.resume()) crowded();
  });
}

function whoMay(
  route: RouteAccess,
  { body = plainBody, dpopOnly, metadata }: GuardedSurface,
  options: GuardOptions,
): RequestHandler {
  const { needs } = route;
  return async (req, res, next) => {
    try {
      const known = options.authenticator.authenticate(presentedBy(req, options.publicUrl));
      const found = await (route.soon ? withinMoment(known) : known);
      if (found?.nonce !== undefined) res.setHeader('DPoP-Nonce', found.nonce);
      if (found !== undefined) recognise(req, found.caller);
      if (needs !== 'optional' && needs !== 'public') {
        requireScope(found?.caller, needs);
        const waiting = options.limits.count(found.caller, agentIn(req));
        if (waiting !== undefined) await waiting;
        if (needs === 'admin' && req.method !== 'GET' && !route.audited) await auditAct(req, options);
      }
    } catch (error) {
      if (error instanceof Refusal) options.refusals.note(error, whoAsked(req));
      answer(res, error, { body, dpopOnly, metadata: metadata && own(options, metadata), ...options });
      return;
    }
    next('router');
  };
}

const MOMENT_MS = 400;

/** Undefined when it cannot be found out, or not so soon. */
function withinMoment<T>(known: Promise<T>): Promise<T | undefined> {
  const found = known.catch((error: unknown) => {
    if (error instanceof HostError && error.code === 'unavailable') return undefined;
    throw error;
  });
  return Promise.race([found, delay(MOMENT_MS, undefined, { ref: false })]);
}

/** Before it is done: what cannot be audited is not done. @throws HostError `unavailable`. */
async function auditAct(req: Request, { audit }: GuardOptions): Promise<void> {
  const { caller, address, action } = whoAsked(req);
  await audit.record({ event: 'admin-action', caller, address, detail: { action } });
}

/** What a route calls the agent it is for. */
function agentIn({ params }: Request): string | undefined {
  const code = params.code ?? params.agent_id;
  return typeof code === 'string' ? code : undefined;
}

/** @throws Refusal 401 without a caller, 403 (RFC 6750 §3.1) without the scope. */
export function requireScope(caller: Caller | undefined, scope: Scope | 'caller'): asserts caller is Caller {
  if (caller === undefined) throw new Refusal(401, 'A credential is needed');
  if (scope === 'caller' || hasScope(caller, scope)) return;
  throw new Refusal(403, `The scope ${scope} is needed`, {
    code: 'insufficient_scope',
    scheme: caller.how === 'dpop' ? 'DPoP' : 'Bearer',
    scope,
  });
}

/** Lets pass who proves to hold the key that its token is bound to (RFC 9449); behind the guard. */
export function dpopOnly({
  authenticator,
  refusals,
}: Pick<GuardOptions, 'authenticator' | 'refusals'>): RequestHandler {
  return (req, res, next) => {
    if (callerOf(req).how === 'dpop') return next();
    const refusal = new Refusal(401, 'A token bound by DPoP is needed', {
      code: 'invalid_token',
      scheme: 'DPoP',
    });
    refusals.note(refusal, whoAsked(req));
    const offered = { dpop: authenticator.dpopAlgorithms, dpopOnly: true };
    res.setHeader('WWW-Authenticate', challengesOf(refusal, offered));
    res.status(401).json(plainBody(401, refusal.message));
  };
}

/** Where a request came from: what a trusted proxy says, where that is an address, or else who is at the other end. */
export const addressOf = ({ ip = '', socket }: Request): string | undefined =>
  isIP(ip) === 0 ? socket.remoteAddress : ip;

const whoAsked = (req: Request) => ({
  caller: CALLERS.get(req)?.id,
  address: addressOf(req),
  action: `${req.method} ${req.path}`,
});

function presentedBy(req: Request, publicUrl: string): Presented {
  const given = req.headersDistinct;
  return {
    authorization: given.authorization ?? [],
    apiKey: given['x-api-key'] ?? [],
    dpop: given.dpop ?? [],
    method: req.method,
    url: own({ publicUrl }, req.originalUrl),
    address: addressOf(req),
  };
}

const own = ({ publicUrl }: Pick<GuardOptions, 'publicUrl'>, path: string): string =>
  `${publicUrl.replace(/\/+$/, '')}${path}`;

interface AnswerOptions extends Pick<GuardOptions, 'authenticator' | 'log'> {
  body: Body;
  dpopOnly: boolean | undefined;
  metadata: string | undefined;
}

const RETRY_AFTER_S = '1';

function answer(res: Response, error: unknown, options: AnswerOptions): void {
  const { body, authenticator, dpopOnly, metadata, log } = options;
  if (error instanceof Refusal) {
    const offered = { dpop: authenticator.dpopAlgorithms, dpopOnly, metadata };
    res.setHeader('WWW-Authenticate', challengesOf(error, offered));
    if (error.nonce !== undefined) res.setHeader('DPoP-Nonce', error.nonce);
    res.status(error.status).json(body(error.status, error.message));
    return;
  }
  if (error instanceof HostError && error.code === 'too_many') {
    res.set('Retry-After', String(error.retryAfterS));
    res.status(429).json(body(429, error.message));
    return;
  }
  if (!(error instanceof HostError && error.code === 'unavailable')) throw error;
  log.warn({ err: error }, 'who calls could not be found out');
  res.set('Retry-After', RETRY_AFTER_S);
  res.status(503).json(body(503, error.message));
}
