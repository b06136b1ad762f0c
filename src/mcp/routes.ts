import { AsyncLocalStorage } from 'node:async_hooks';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import type { OpenStream, StreamLimits } from '../auth/limits/stream-limits.ts';
import { HostError } from '../errors.ts';
import { answerError, jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { internalError } from '../web/request-notes.ts';
import { whenClosed, writeEvents } from '../web/sse.ts';
import { MCP_PATH } from './access.ts';
import type { ToolCalls } from './calls.ts';
import { type Bulletin, OpenQuestions } from './open-questions.ts';
import { toolServer } from './server.ts';
import {
  answerIn,
  isObject,
  newSession,
  type Question,
  questionOf,
  sessionHeader,
  sessionIn,
} from './session.ts';
import type { ToolChanges } from './tool-changes.ts';

export interface McpRoutesOptions {
  calls: ToolCalls;
  changes: ToolChanges;
  streams: Pick<StreamLimits, 'openToNone'>;
  bulletin: Bulletin;
  requests: OpenRequests;
  maxBody: number;
  /** The host's own. */
  version: string;
  log: Logger;
}

/** `/mcp`: MCP over streamable HTTP, of 2026-07-28 and the versions before it. Nothing is kept between two requests. */
export function mcpRoutes(parts: McpRoutesOptions): Router {
  const { calls, changes, bulletin, requests, maxBody, version, log } = parts;
  const questions = new OpenQuestions(bulletin);
  const options = {
    calls,
    requests,
    version,
    waitFor: (question: Question) => questions.open(question),
    log,
  };
  // Whose stream it is that is opened: the SDK's bus is not told.
  const subscribing = new AsyncLocalStorage<Caller>();
  const handler = createMcpHandler(
    (context) => toolServer(options, context.authInfo?.extra?.caller as Caller, context),
    {
      bus: {
        // Every process hears of what is published by itself.
        publish: () => {},
        subscribe: (listener) =>
          changes.listen(subscribing.getStore() as Caller, () => listener({ kind: 'tools_list_changed' })),
      },
      onerror: (error) => log.debug({ err: error }, 'an MCP request was not served'),
    },
  );
  requests.open().signal.addEventListener('abort', () => void handler.close());
  const serve = toNodeHandler(handler);
  const router = Router();
  router.get(MCP_PATH, olderStream(parts));
  router.all(MCP_PATH, jsonBody(maxBody), older(calls, questions, log), async (req, res) => {
    if (requests.stopping) {
      res.set('Retry-After', '1');
      return answerError(res, 503, 'The host is stopping; try again');
    }
    const caller = callerOf(req);
    const auth = { token: '', clientId: caller.id, scopes: [...caller.scopes], extra: { caller } };
    const listens = isObject(req.body) && req.body.method === 'subscriptions/listen';
    if (listens && !(await admitSubscription(parts, req, res))) return;
    await subscribing.run(caller, () => serve(Object.assign(req, { auth }), res, req.body));
  });
  return router;
}

/** A client of an older version opens a stream for what belongs to no request of its (MCP 2025-11-25, listening). */
function olderStream({ changes, streams, requests, log }: McpRoutesOptions): RequestHandler {
  return async (req, res, next) => {
    const wanted = sessionIn(req.get('mcp-session-id')) !== undefined && req.accepts('text/event-stream');
    if (!wanted || requests.stopping) return next();
    const caller = callerOf(req);
    const open = await opened(res, () => streams.openToNone(caller, requests.signalFor(res)));
    if (open === undefined) return;
    whenClosed(res, open);
    await writeEvents(res, changes.notifications(caller, open.signal), undefined, (error) => ({
      message: internalError(error, log),
    }));
  };
}

/** A subscription is not open for longer than the credential holds that it was opened with. False: it was refused. */
async function admitSubscription(
  { streams }: McpRoutesOptions,
  req: Request,
  res: Response,
): Promise<boolean> {
  const open = await opened(res, () => streams.openToNone(callerOf(req), new AbortController().signal));
  if (open === undefined) return false;
  whenClosed(res, open);
  open.signal.addEventListener('abort', () => res.destroy());
  return true;
}

/** Undefined when it was answered that there is none to be had. */
async function opened(res: Response, open: () => Promise<OpenStream>): Promise<OpenStream | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof HostError && (error.code === 'too_many' || error.code === 'unavailable')))
      throw error;
    res.set('Retry-After', String(error.retryAfterS ?? 1));
    answerError(res, error.code === 'too_many' ? 429 : 503, error.message);
    return undefined;
  }
}

/** What clients of older versions send beside requests: they begin a session, take a call back, answer a question. */
function older(calls: ToolCalls, questions: OpenQuestions, log: Logger): RequestHandler {
  return async (req, res, next) => {
    for (const message of [req.body].flat()) {
      if (!isObject(message)) continue;
      if (message.method === 'initialize' && isObject(message.params)) {
        res.setHeader('Mcp-Session-Id', sessionHeader(newSession(message.params.capabilities)));
      }
      try {
        await takeNotice(message, req, { calls, questions });
      } catch (error) {
        // A notification and an answer are answered with nothing: the task tells what became of it.
        if (!(error instanceof HostError)) throw error;
        log.info({ reason: error.message }, 'an MCP message came to nothing');
      }
    }
    next();
  };
}

async function takeNotice(
  message: Record<string, unknown>,
  req: Request,
  { calls, questions }: { calls: ToolCalls; questions: OpenQuestions },
): Promise<void> {
  const session = sessionIn(req.get('mcp-session-id'));
  if (message.method === 'notifications/cancelled' && isObject(message.params)) {
    const { requestId } = message.params;
    if (session && (typeof requestId === 'string' || typeof requestId === 'number')) {
      await calls.takeBack(session, requestId, callerOf(req));
    }
    return;
  }
  const question = message.method === undefined ? questionOf(message.id) : undefined;
  if (question === undefined) return;
  const answer = answerIn(message.result);
  if (answer !== undefined) return calls.answer(question, answer, callerOf(req));
  await calls.checkAsked(question, callerOf(req));
  await questions.decline(question);
}
