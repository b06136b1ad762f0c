import { Router } from 'express';
import type { SigningKeys } from './keys.ts';

// Long enough to spare verifiers a request each time, short enough for a new key to be found soon.
const CACHE_CONTROL = 'public, max-age=300';

/** `GET /.well-known/jwks.json`: the public keys of all the host signs (RFC 7517 §5). */
export function jwksRoutes({ publicJwks }: Pick<SigningKeys, 'publicJwks'>): Router {
  const router = Router();
  const body = JSON.stringify({ keys: publicJwks });
  router.get('/.well-known/jwks.json', (_req, res) => {
    res.set('Cache-Control', CACHE_CONTROL).type('application/jwk-set+json').send(body);
  });
  return router;
}
