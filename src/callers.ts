import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Request, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { CardAuth } from './agents/security.ts';
import { ApiKeys } from './auth/api-keys.ts';
import { Authenticator } from './auth/authenticator.ts';
import { isAdmin } from './auth/caller.ts';
import { Door } from './auth/door.ts';
import { accessGuard, callerIfAny, type GuardedSurface } from './auth/guard.ts';
import { isLoopback, onlyOwnHost, refuseUnguarded } from './auth/loopback.ts';
import { RefusalLog } from './auth/refusal-log.ts';
import type { Config } from './config.ts';
import { PrismaApiKeyStore } from './storage/api-key-store.ts';
import { PrismaAuditLog } from './storage/audit-log.ts';
import type { PrismaClient } from './storage/generated/client.ts';

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
  refusals: RefusalLog;
  /** How cards tell it once the door is closed. */
  cardAuth: CardAuth;
  /** Stands before these surfaces; reached at these URLs, of which the last is the public one. */
  guard(surfaces: readonly GuardedSurface[], urls: string[]): RequestHandler;
}

/**
 * A host that anybody can reach and that asks nobody who they are does not start.
 * @throws HostError `config` naming HOST, before anything is started, where that is certain already.
 */
export function requireCredentials({ HOST, DATABASE_URL, DATA_DIR }: Config): void {
  const mayHaveKeys = DATABASE_URL !== undefined || existsSync(join(DATA_DIR, 'postgres'));
  if (!isLoopback(HOST) && !mayHaveKeys) refuseUnguarded(HOST);
}

/** @throws HostError `config` naming HOST when it is not loopback and nobody could be let in. */
export async function openCallers(config: Config, db: PrismaClient, log: Logger): Promise<Callers> {
  const store = new PrismaApiKeyStore(db);
  const audit = new PrismaAuditLog(db);
  const keys = new ApiKeys(store);
  if (!isLoopback(config.HOST) && !(await keys.anyUsable())) refuseUnguarded(config.HOST);
  const door = new Door(!(await store.any()), () => store.any());
  const authenticator = new Authenticator({ keys, door });
  const refusals = new RefusalLog({ audit, log });
  return {
    authenticator,
    door,
    keys,
    refusals,
    cardAuth: {},
    guard: (surfaces, urls) => {
      const publicUrl = urls.at(-1) ?? '';
      return Router()
        .use(onlyOwnHost(urls, door))
        .use(accessGuard({ authenticator, surfaces, publicUrl, refusals, log }));
    },
  };
}
