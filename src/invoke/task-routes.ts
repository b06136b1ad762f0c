import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../auth/guard.ts';
import type { StreamLimits } from '../auth/limits/stream-limits.ts';
import { invalidParams, taskNotFound } from '../errors.ts';
import { claimOf, idempotent } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import { isId } from '../tasks/message.ts';
import type { Task } from '../tasks/task.ts';
import { answerError } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { whenClosed, writeEvents } from '../web/sse.ts';
import { refuseKey } from './key-refusal.ts';
import { getSchema, listSchema, parse } from './requests.ts';
import { failureOf } from './rpc-error.ts';
import type { SessionTasks } from './session-tasks.ts';
import { TaskStream } from './task-stream.ts';
import { showTask } from './view.ts';

export interface TaskRoutesOptions {
  tasks: SessionTasks;
  stream: TaskStream;
  streams: Pick<StreamLimits, 'open'>;
  keys: KeyStore;
  requests: OpenRequests;
  /** How long a cancel waits for the agent's clean-up. */
  waitMs: number;
  log: Logger;
}

/** `GET /tasks`, `GET /tasks/{id}` and its stream, `POST /tasks/{id}/cancel`. */
export function taskRoutes(options: TaskRoutesOptions): Router {
  const { tasks, keys, requests, waitMs, log } = options;
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
      res.json({ tasks: page.tasks.map((task) => showTask(task, query)), nextCursor: page.nextCursor });
    }),
  );
  router.get(
    '/tasks/:id',
    handler(async (req, res) => {
      res.vary('Accept');
      if (req.accepts(['json', EVENTS]) === EVENTS) return writeStream(req, res, options);
      const { historyLength } = parse(getSchema, { ...req.query }, 'query');
      const task = await tasks.get(callerOf(req), taskIdIn(req), historyLength);
      res.json(showTask(task, { historyLength }));
    }),
  );
  router.get(
    '/tasks/:id/stream',
    handler((req, res) => writeStream(req, res, options)),
  );
  router.post(
    '/tasks/:id/cancel',
    idempotent({ store: keys, refuse: refuseKey, log }, 'itself'),
    handler(async (req, res) => {
      const wait = AbortSignal.any([requests.signalFor(res), AbortSignal.timeout(waitMs)]);
      const again = claimOf(req)?.again === true;
      res.json(showTask(await tasks.cancel(callerOf(req), taskIdIn(req), { signal: wait, again })));
    }),
  );
  return router;
}

const EVENTS = 'text/event-stream';

/** @throws HostError `task_not_found` for what no task is called. */
function taskIdIn(req: Request): string {
  const id = String(req.params.id);
  if (!isId(id)) throw taskNotFound();
  return id;
}

/**
 * The task after each change, as server-sent events whose id is its version; from behind `Last-Event-ID`, when that is
 * given. Ends with the task.
 */
async function writeStream(req: Request, res: Response, options: TaskRoutesOptions): Promise<void> {
  const { tasks, stream, streams, requests, log } = options;
  const { historyLength } = parse(getSchema, { ...req.query }, 'query');
  const seen = lastEventId(req);
  const caller = callerOf(req);
  const { task, agent } = await tasks.find(caller, taskIdIn(req));
  // By this a browser's EventSource knows that it need not come again.
  if (TaskStream.isOver(task, seen)) return void res.status(204).end();
  const open = await streams.open(caller, agent.definition, requests.signalFor(res));
  whenClosed(res, open);
  const events = stream.snapshots(task, seen, open.signal);
  const write = (event: unknown) => {
    const snapshot = event as Task;
    return `id: ${snapshot.version}\ndata: ${JSON.stringify(showTask(snapshot, { historyLength }))}\n\n`;
  };
  const told = (error: unknown) => {
    const { status, message } = failureOf(error, log);
    return { status, message };
  };
  await writeEvents(res, events, undefined, told, write);
}

/** @throws HostError `invalid_params`. */
function lastEventId(req: Request): number | undefined {
  const given = req.get('Last-Event-ID');
  if (given === undefined || given === '') return undefined;
  if (!/^\d{1,9}$/.test(given)) throw invalidParams('Last-Event-ID', 'is no id of an event here');
  return Number(given);
}
