import { type Request, Router } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { HostError } from '../errors.ts';
import type { PushService } from '../push/service.ts';
import { answerError } from '../web/json-body.ts';
import { knownRefusals, type Refusals } from './blocked.ts';

export interface PushRoutesOptions {
  push: PushService;
  /** Whether there is such an agent for this caller. */
  agent(code: string, caller: Caller): unknown;
  callerOf(req: Request): Caller;
  refusals: Refusals;
  log: Logger;
}

const STATUS: Partial<Record<HostError['code'], number>> = {
  invalid_params: 400,
  task_not_found: 404,
  unavailable: 503,
};

/** `GET /{code}/tasks/{id}/deliveries`: how far each of the task's webhooks was told, and what went wrong. */
export function pushRoutes({ push, agent, callerOf, refusals, log }: PushRoutesOptions): Router {
  const router = Router();
  router.get('/:code/tasks/:taskId/deliveries', async (req, res) => {
    const { code, taskId } = req.params;
    const caller = callerOf(req);
    if (agent(code, caller) === undefined) {
      return answerError(res, 404, `No agent has the workflow code ${JSON.stringify(code)}`);
    }
    const refused = (await knownRefusals(refusals))(code);
    if (refused !== undefined) return answerError(res, 403, refused);
    try {
      const key = { owner: caller.id, agentCode: code, taskId };
      res.json({ deliveries: await push.deliveries(key) });
    } catch (error) {
      const status = error instanceof HostError ? STATUS[error.code] : undefined;
      if (!(error instanceof HostError) || status === undefined) throw error;
      if (status === 503) log.warn({ err: error }, 'a request could not be served');
      answerError(res, status, error.message);
    }
  });
  return router;
}
