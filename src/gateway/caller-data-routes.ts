import { type Request, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { addressOf } from '../auth/guard.ts';
import { type ErasureParts, eraseCaller, exportCaller } from '../data-life/caller-data.ts';
import { body, callerId, handler, named, SMALL_BODY } from './answers.ts';
import { callerIdSchema, eraseSchema } from './caller-data-operations.ts';
import { GatewayError } from './gateway-error.ts';
import { sendLines } from './lines.ts';
import { parseBody } from './requests.ts';

/** `/admin/callers/{id}/export` and `/erase`: all that is kept of one caller, and its end. */
export function callerDataRoutes({ log, ...parts }: ErasureParts & { log: Logger }): Router {
  const router = Router();
  router.post(
    '/admin/callers/:caller_id/export',
    handler(log, async (req, res) => {
      const lines = await exportCaller(parts.data, idOf(req));
      if (lines === undefined) throw unknownCaller();
      await sendLines(res, lines, { name: 'caller.jsonl', log });
    }),
  );
  router.post(
    '/admin/callers/:caller_id/erase',
    body(SMALL_BODY),
    handler(log, async (req, res) => {
      const { cancel = false } = parseBody(eraseSchema, req.body ?? {});
      const done = await eraseCaller(parts, {
        caller: idOf(req),
        cancel,
        by: callerId(req),
        from: addressOf(req),
      });
      if (done.outcome === 'unknown') throw unknownCaller();
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

/** @throws GatewayError 400 for what no caller's id looks like. */
const idOf = (req: Request): string =>
  parseBody(z.object({ caller_id: callerIdSchema }), { caller_id: named(req, 'caller_id') }).caller_id;

const unknownCaller = () => new GatewayError(404, 'caller_not_found', 'Nothing is known of such a caller');
