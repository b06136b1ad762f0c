import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { type Request, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import { HostError } from '../errors.ts';
import { answerError, jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
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

export interface McpRoutesOptions {
  calls: ToolCalls;
  bulletin: Bulletin;
  requests: OpenRequests;
  maxBody: number;
  /** The host's own. */
  version: string;
  log: Logger;
}

/** `/mcp`: MCP over streamable HTTP, of 2026-07-28 and the versions before it. Nothing is kept between two requests. */
export function mcpRoutes({ calls, bulletin, requests, maxBody, version, log }: McpRoutesOptions): Router {
  const questions = new OpenQuestions(bulletin);
  const options = {
    calls,
    requests,
    version,
    waitFor: (question: Question) => questions.open(question),
    log,
  };
  const handler = createMcpHandler(
    (context) => toolServer(options, context.authInfo?.extra?.caller as Caller, context),
    { onerror: (error) => log.debug({ err: error }, 'an MCP request was not served') },
  );
  const serve = toNodeHandler(handler);
  const router = Router();
  router.all(MCP_PATH, jsonBody(maxBody), older(calls, questions, log), async (req, res) => {
    if (requests.stopping) {
      res.set('Retry-After', '1');
      return answerError(res, 503, 'The host is stopping; try again');
    }
    const caller = callerOf(req);
    const auth = { token: '', clientId: caller.id, scopes: [...caller.scopes], extra: { caller } };
    await serve(Object.assign(req, { auth }), res, req.body);
  });
  return router;
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
