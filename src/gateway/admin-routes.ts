import { type Request, Router } from 'express';
import type { Logger } from 'pino';
import type { ApiKey, ApiKeys } from '../auth/api-keys.ts';
import { expiryOf } from '../auth/api-keys.ts';
import type { AuditLog, RecordedEntry } from '../auth/audit.ts';
import { addressOf } from '../auth/guard.ts';
import { HostError } from '../errors.ts';
import { body, callerId, handler, named, SMALL_BODY } from './answers.ts';
import { GatewayError, invalidRequest } from './gateway-error.ts';
import { auditQuerySchema, keySchema, parseBody } from './requests.ts';

export interface AdminRoutesOptions {
  keys: ApiKeys;
  audit: Pick<AuditLog, 'read'>;
  log: Logger;
}

/** `/admin/keys` and `/admin/audit`: what `agent-host keys` and `agent-host audit` do, for who is not at the machine. */
export function adminRoutes({ keys, audit, log }: AdminRoutesOptions): Router {
  const router = Router();
  router.get(
    '/admin/keys',
    handler(log, async (_req, res) => {
      res.json({ keys: (await keys.list()).map(keyView) });
    }),
  );
  router.post(
    '/admin/keys',
    body(SMALL_BODY),
    handler(log, async (req, res) => {
      const made = await namingField(() => {
        const { name, scopes, expires } = parseBody(keySchema, req.body);
        const expiresAt = expires === undefined ? undefined : expiryOf(expires);
        return keys.create({ name, scopes, expiresAt }, actor(req));
      });
      res.status(201).json({ ...keyView(made.key), key: made.secret });
    }),
  );
  router.post(
    '/admin/keys/:key_id/revoke',
    body(SMALL_BODY),
    handler(log, async (req, res) => {
      const id = named(req, 'key_id');
      const key = await keys.revoke(id, actor(req));
      if (key === undefined) {
        throw new GatewayError(404, 'key_not_found', `There is no API key ${JSON.stringify(id)}`);
      }
      res.json(keyView(key));
    }),
  );
  router.get(
    '/admin/audit',
    handler(log, async (req, res) => {
      const query = parseBody(auditQuerySchema, { ...req.query });
      res.json({ entries: (await audit.read(query)).map(entryView) });
    }),
  );
  return router;
}

const actor = (req: Request) => ({ by: callerId(req), from: addressOf(req) });

/** A field of a body that cannot be taken is 400 here; among agents it is theirs to say so. */
async function namingField<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostError && error.code === 'invalid_params') throw invalidRequest(error.message);
    throw error;
  }
}

const keyView = ({ id, name, scopes, createdAt, expiresAt, revokedAt, lastUsedAt }: ApiKey) => ({
  id,
  name,
  scopes,
  created_at: createdAt,
  expires_at: expiresAt ?? null,
  revoked_at: revokedAt ?? null,
  last_used_at: lastUsedAt ?? null,
});

const entryView = ({ id, at, event, caller, address, detail }: RecordedEntry) => ({
  id,
  at,
  event,
  caller: caller ?? null,
  address: address ?? null,
  detail,
});
