import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import type { Logger } from 'pino';
import { claimOf, idempotent, onceFor } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import { knownProvider } from './agent-publishing.ts';
import { body, callerId, handler, named, refuseKey, SMALL_BODY } from './answers.ts';
import type { AuthContext, AuthContextStore, Credentials } from './credentials.ts';
import { GatewayError, invalidRequest } from './gateway-error.ts';
import type { ProviderStore } from './providers.ts';
import { authContextSchema, parseBody } from './requests.ts';

export interface AuthContextRoutesOptions {
  credentials: Credentials;
  contexts: AuthContextStore;
  providers: ProviderStore;
  keys: KeyStore;
  log: Logger;
}

/** Stored credentials, each its caller's own. */
export function authContextRoutes({
  credentials,
  contexts,
  providers,
  keys,
  log,
}: AuthContextRoutesOptions): Router {
  const router = Router();
  router.post(
    '/auth-contexts',
    body(SMALL_BODY),
    idempotent(
      { store: keys, refuse: refuseKey, contentOf: (given) => credentials.hidden(given), log },
      'itself',
    ),
    handler(log, async (req, res) => {
      const given = parseBody(authContextSchema, req.body);
      await knownProvider(given.provider_id, providers);
      const context = {
        id: randomUUID(),
        owner: callerId(req),
        providerId: given.provider_id,
        authModel: given.auth_model,
        ...(given.subject === undefined ? {} : { subject: given.subject }),
        ...(given.expires_at === undefined ? {} : { expiresAt: given.expires_at }),
      };
      const stored = await onceFor(claimOf(req), (claim) => {
        if (given.expires_at !== undefined && Date.parse(given.expires_at) <= Date.now()) {
          throw invalidRequest('expires_at: lies in the past');
        }
        return credentials.store(context, given.token, claim);
      });
      res.status(201).json(viewOf(stored));
    }),
  );
  router.get(
    '/auth-contexts',
    handler(log, async (req, res) => {
      res.json({ auth_contexts: (await contexts.list(callerId(req))).map(viewOf) });
    }),
  );
  router.delete(
    '/auth-contexts/:auth_context_id',
    handler(log, async (req, res) => {
      const id = named(req, 'auth_context_id');
      if (!(await contexts.remove(callerId(req), id))) {
        throw new GatewayError(404, 'auth_context_not_found', 'Auth context not found');
      }
      res.status(204).end();
    }),
  );
  return router;
}

const viewOf = ({ id, providerId, authModel, subject, tokenPreview, expiresAt, createdAt }: AuthContext) => ({
  auth_context_id: id,
  provider_id: providerId,
  auth_model: authModel,
  ...(subject === undefined ? {} : { subject }),
  token_preview: tokenPreview,
  ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  created_at: createdAt,
});
