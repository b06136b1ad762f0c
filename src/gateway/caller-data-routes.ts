import { Router } from 'express';
import type { Logger } from 'pino';
import { addressOf } from '../auth/guard.ts';
import { type ErasureParts, eraseCaller, exportCaller } from '../data-life/caller-data.ts';
import { body, callerId, handler, named, SMALL_BODY } from './answers.ts';
import { eraseSchema } from './caller-data-operations.ts';
import { GatewayError } from './gateway-error.ts';
import { sendLines } from './lines.ts';
import { parseBody } from './requests.ts';

/** `/admin/callers/{id}/export` and `/erase`: all that is kept of one caller, and its end. */
export function callerDataRoutes({ log, ...parts }: ErasureParts & { log: Logger }): Router {
  const router = Router();
  router.post(
    '/admin/callers/:caller_id/export',
    handler(log, async (req, res) => {
      const caller = named(req, 'caller_id');
      await sendLines(res, exportCaller(parts.data, caller), { name: 'caller.jsonl', log });
    }),
  );
  router.post(
    '/admin/callers/:caller_id/erase',
    body(SMALL_BODY),
    handler(log, async (req, res) => {
      const { cancel = false } = parseBody(eraseSchema, req.body ?? {});
      const done = await eraseCaller(parts, {
        caller: named(req, 'caller_id'),
        cancel,
        by: callerId(req),
        from: addressOf(req),
      });
      if (done.outcome === 'open') {
        const { tasks, calls } = done.left;
        throw new GatewayError(
          409,
          'caller_busy',
          `The caller has ${tasks} open tasks and ${calls} calls under way: let them end, or have them canceled too`,
        );
      }
      const { kept, ...erased } = done.erased;
      res.json({ ...erased, credentials: kept });
    }),
  );
  return router;
}
