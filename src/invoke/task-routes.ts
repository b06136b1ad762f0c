import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../auth/guard.ts';
import { idempotent } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import { answerError } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { refuseKey } from './key-refusal.ts';
import { getSchema, listSchema, parse } from './requests.ts';
import { failureOf } from './rpc-error.ts';
import type { SessionTasks } from './session-tasks.ts';
import { showTask } from './view.ts';

export interface TaskRoutesOptions {
  tasks: SessionTasks;
  keys: KeyStore;
  requests: OpenRequests;
  /** How long a cancel waits for the agent's clean-up. */
  waitMs: number;
  log: Logger;
}

/** `GET /tasks`, `GET /tasks/{id}`, `POST /tasks/{id}/cancel`. */
export function taskRoutes({ tasks, keys, requests, waitMs, log }: TaskRoutesOptions): Router {
  const router = Router();
  const handler =
    (work: (req: Request, res: Response) => Promise<void>) => async (req: Request, res: Response) => {
      try {
        await work(req, res);
      } catch (error) {
        const { status, message, retryAfterS } = failureOf(error, log);
        if (retryAfterS !== undefined) res.setHeader('Retry-After', String(retryAfterS));
        answerError(res, status, message);
      }
    };
  router.get(
    '/tasks',
    handler(async (req, res) => {
      const query = parse(listSchema, { ...req.query }, 'query');
      const page = await tasks.list(callerOf(req), query);
      res.json({ tasks: page.tasks.map((task) => showTask(task)), nextCursor: page.nextCursor });
    }),
  );
  router.get(
    '/tasks/:id',
    handler(async (req, res) => {
      const { historyLength } = parse(getSchema, { ...req.query }, 'query');
      const task = await tasks.get(callerOf(req), String(req.params.id), historyLength);
      res.json(showTask(task, { historyLength }));
    }),
  );
  router.post(
    '/tasks/:id/cancel',
    idempotent({ store: keys, refuse: refuseKey, log }, 'itself'),
    handler(async (req, res) => {
      const wait = AbortSignal.any([requests.signalFor(res), AbortSignal.timeout(waitMs)]);
      res.json(showTask(await tasks.cancel(callerOf(req), String(req.params.id), wait)));
    }),
  );
  return router;
}
