import { hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Request, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { AgentCatalog } from './agents/catalog.ts';
import type { CardAuth } from './agents/security.ts';
import { ApiKeys } from './auth/api-keys.ts';
import type { AuditLog } from './auth/audit.ts';
import { Authenticator } from './auth/authenticator.ts';
import { isAdmin } from './auth/caller.ts';
import { Door } from './auth/door.ts';
import { accessGuard, callerIfAny, type GuardedSurface } from './auth/guard.ts';
import { Capacity } from './auth/limits/capacity.ts';
import { RequestLimits } from './auth/limits/request-limits.ts';
import { type StreamGrounds, StreamLimits } from './auth/limits/stream-limits.ts';
import { isReachable, onlyOwnHost, refuseUnguarded } from './auth/loopback.ts';
import { ProofChecker } from './auth/oidc/dpop.ts';
import { Issuer } from './auth/oidc/issuer.ts';
import { Nonces } from './auth/oidc/nonces.ts';
import { OidcVerifier } from './auth/oidc/token-verifier.ts';
import { RefusalLog } from './auth/refusal-log.ts';
import { Standing } from './auth/standing.ts';
import type { Config } from './config.ts';
import { HostError } from './errors.ts';
import type { SigningKeys } from './signing/keys.ts';
import { PrismaApiKeyStore, REVOKED_KEY_TOPIC } from './storage/api-key-store.ts';
import { PrismaAuditLog } from './storage/audit-log.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaProofLog } from './storage/proof-log.ts';
import { rateCounter } from './storage/rate-counter.ts';
import { PrismaStreamSlots } from './storage/stream-slots.ts';
import type { Switching } from './switching.ts';

/** Whether the request comes from one who runs this host. */
export function isOperator(req: Request): boolean {
  const caller = callerIfAny(req);
  return caller !== undefined && isAdmin(caller);
}

/** All that says who calls, put together. */
export interface Callers {
  authenticator: Authenticator;
  door: Door;
  keys: ApiKeys;
  audit: AuditLog;
  refusals: RefusalLog;
  limits: RequestLimits;
  streams: StreamLimits;
  capacity: Capacity;
  /** How cards tell it once the door is closed. */
  cardAuth: CardAuth;
  /** Stands before these surfaces; reached at these URLs, of which the last is the public one. */
  guard(surfaces: readonly GuardedSurface[], urls: string[]): RequestHandler;
}

/**
 * A host that anybody can reach and that asks nobody who they are does not start.
 * @throws HostError `config` naming HOST or PUBLIC_URL, before anything is started, where that is certain already.
 */
export function requireCredentials(config: Config): void {
  const { AUTH_ISSUER, AUTH_AUDIENCE, DATABASE_URL, DATA_DIR } = config;
  if (AUTH_ISSUER !== undefined && AUTH_AUDIENCE === undefined) {
    const problem = 'AUTH_AUDIENCE: must be given with AUTH_ISSUER: tokens for others are not for this host';
    throw new HostError('config', problem, { field: 'AUTH_AUDIENCE' });
  }
  if (config.INVOKE_REQUIRE_DPOP && AUTH_ISSUER === undefined) {
    const problem = 'INVOKE_REQUIRE_DPOP: needs AUTH_ISSUER: there are no other tokens that DPoP binds';
    throw new HostError('config', problem, { field: 'INVOKE_REQUIRE_DPOP' });
  }
  const mayHaveKeys = DATABASE_URL !== undefined || existsSync(join(DATA_DIR, 'postgres'));
  if (isReachable(config) && AUTH_ISSUER === undefined && !mayHaveKeys) refuseUnguarded(config);
}

export interface CallersParts {
  db: PrismaClient;
  bulletin: Bulletin;
  switching: Switching;
  signing: SigningKeys;
  catalog: AgentCatalog;
  log: Logger;
}

/** @throws HostError `config` naming HOST or PUBLIC_URL when it is not loopback and nobody could be let in. */
export async function openCallers(
  config: Config,
  { db, bulletin, switching, signing, catalog, log }: CallersParts,
): Promise<Callers> {
  const store = new PrismaApiKeyStore(db);
  const audit = new PrismaAuditLog(db);
  const keys = new ApiKeys(store);
  const tokens = tokenVerifier(config, { db, signing });
  const reachable = isReachable(config);
  if (reachable && tokens === undefined && !(await keys.anyUsable())) refuseUnguarded(config);
  const open = !reachable && tokens === undefined && !(await store.any());
  const door = new Door(open, () => store.any());
  const authenticator = new Authenticator({ keys, tokens, door });
  const refusals = new RefusalLog({ audit, log });
  const limits = requestLimits(config, db, catalog);
  const capacity = new Capacity({
    requests: config.HOST_REQUESTS_AT_ONCE,
    streams: config.HOST_STREAMS_AT_ONCE,
  });
  return {
    authenticator,
    door,
    keys,
    audit,
    refusals,
    limits,
    streams: streamLimits(config, db, {
      credentials: credentialsOf(keys, bulletin),
      agents: switching.standing,
      isOff: switching.isOff,
      capacity,
    }),
    capacity,
    cardAuth: tokens === undefined ? {} : { openIdConnectUrl: discoveryUrl(config.AUTH_ISSUER ?? '') },
    guard: (surfaces, urls) => {
      const publicUrl = urls.at(-1) ?? '';
      return Router()
        .use(onlyOwnHost(urls, { door, corsOrigins: config.CORS_ORIGINS }))
        .use(accessGuard({ authenticator, surfaces, publicUrl, refusals, audit, limits, capacity, log }));
    },
  };
}

function requestLimits(
  { REQUESTS_PER_MINUTE, AGENT_REQUESTS_PER_MINUTE }: Config,
  db: PrismaClient,
  catalog: AgentCatalog,
): RequestLimits {
  const counter = (name: string, limit: number | undefined) =>
    limit === undefined ? undefined : rateCounter(db, { name, limit });
  return new RequestLimits({
    perCaller: counter('caller', REQUESTS_PER_MINUTE),
    perAgent: counter('agent', AGENT_REQUESTS_PER_MINUTE),
    sees: (code, caller) => catalog.has(code, caller),
  });
}

const streamLimits = (
  { STREAMS_AT_ONCE, AGENT_STREAMS_AT_ONCE }: Config,
  db: PrismaClient,
  grounds: StreamGrounds & { capacity: Capacity },
): StreamLimits =>
  new StreamLimits(
    new PrismaStreamSlots(db),
    { perCaller: STREAMS_AT_ONCE, perAgent: AGENT_STREAMS_AT_ONCE },
    grounds,
  );

/** What ends with a key that any process revokes. */
function credentialsOf(keys: ApiKeys, bulletin: Bulletin): Standing {
  const standing = new Standing();
  const news = () => standing.news();
  bulletin.hear(
    REVOKED_KEY_TOPIC,
    (id) => {
      keys.forget(id);
      news();
    },
    news,
  );
  return standing;
}

function tokenVerifier(
  { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_SCOPE_CLAIM, AUTH_CLOCK_SKEW, DPOP_NONCE }: Config,
  { db, signing }: { db: PrismaClient; signing: SigningKeys },
): OidcVerifier | undefined {
  if (AUTH_ISSUER === undefined || AUTH_AUDIENCE === undefined) return undefined;
  const clockSkewS = AUTH_CLOCK_SKEW;
  const nonces = DPOP_NONCE === 'required' ? new Nonces(nonceSecret(signing)) : undefined;
  return new OidcVerifier({
    issuer: new Issuer(AUTH_ISSUER),
    issuerUrl: AUTH_ISSUER,
    audience: AUTH_AUDIENCE,
    scopeClaim: AUTH_SCOPE_CLAIM,
    clockSkewS,
    proofs: new ProofChecker({ log: new PrismaProofLog(db), nonces, clockSkewS }),
  });
}

/** OpenID Connect Discovery 1.0 §4. */
const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

/** The hosts of a deployment share their signing key, so that each knows the nonces of the others. */
function nonceSecret({ current }: SigningKeys): Uint8Array {
  const { d = '' } = current.privateKey.export({ format: 'jwk' });
  return new Uint8Array(hkdfSync('sha256', Buffer.from(d, 'base64url'), '', 'agent-host dpop-nonce', 32));
}
