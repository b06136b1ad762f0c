import { Router } from 'express';
import { SCOPES } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';

/** `GET /me`: who calls, and what they may do. */
export function callerRoutes(): Router {
  const router = Router();
  router.get('/me', (req, res) => {
    const { id, how, scopes } = callerOf(req);
    res.json({ caller: id, how, scopes: SCOPES.filter((scope) => scopes.has(scope)) });
  });
  return router;
}
