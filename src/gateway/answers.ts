import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../auth/guard.ts';
import type { IdempotencyOptions } from '../idempotency/middleware.ts';
import { jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { internalError } from '../web/request-notes.ts';
import { asGatewayError, errorBody } from './gateway-error.ts';

const RETRY_AFTER_S = 1;

/** Tells a failure. Ours are told by an id that the log has; nothing else of them is shown. */
function answerFailure(res: Response, error: unknown, log: Logger): void {
  const { status, code, message, ids, retryAfterS = RETRY_AFTER_S } = asGatewayError(error);
  if (status === 503 || status === 429 || code === 'key_in_use') res.setHeader('Retry-After', retryAfterS);
  res.status(status).json(errorBody(code, status === 500 ? internalError(error, log) : message, ids));
}

/** The body of a failure in a stream. */
export function failureEvent(error: unknown, log: Logger): object {
  const { status, code, message, ids } = asGatewayError(error);
  return errorBody(code, status === 500 ? internalError(error, log) : message, ids);
}

/** A route whose failures are told as the facade tells them. */
export function handler(log: Logger, work: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return async (req, res) => {
    try {
      await work(req, res);
    } catch (error) {
      if (res.headersSent) throw error;
      answerFailure(res, error, log);
    }
  };
}

const BODY_CODES: Record<number, string> = { 413: 'body_too_large', 415: 'unsupported_media_type' };

/** What is enough for a body without files, in bytes. */
export const SMALL_BODY = 1024 * 1024;

/** Reads a JSON body of at most so many bytes. */
export const body = (limit: number): RequestHandler =>
  jsonBody(limit, (res, status, message) => {
    res.status(status).json(errorBody(BODY_CODES[status] ?? 'invalid_request', message));
  });

export function refuseWhenStopping(requests: OpenRequests): RequestHandler {
  return (_req, res, next) => {
    if (!requests.stopping) return next();
    res.setHeader('Retry-After', RETRY_AFTER_S);
    res.status(503).json(errorBody('unavailable', 'The host is stopping; try again'));
  };
}

/** How the guard's refusals look here. */
export function refusalBody(status: number, message: string): object {
  return errorBody(CODES_OF_STATUS[status] ?? 'invalid_request', message);
}

const CODES_OF_STATUS: Record<number, string> = {
  401: 'unauthenticated',
  403: 'insufficient_scope',
  404: 'not_found',
  429: 'too_many_requests',
  500: 'internal',
  503: 'unavailable',
};

const KEY_CODES: Record<number, string> = {
  409: 'key_in_use',
  422: 'key_reused',
  503: 'unavailable',
};

/** How it is told here that an Idempotency-Key is not taken. */
export const refuseKey: IdempotencyOptions['refuse'] = (res, { status, message, retryAfterS }) => {
  if (retryAfterS !== undefined) res.setHeader('Retry-After', String(retryAfterS));
  res.status(status).json(errorBody(KEY_CODES[status] ?? 'invalid_request', message));
};

/** A name in the path. */
export const named = (req: Request, name: string): string => String(req.params[name]);

export const callerId = (req: Request): string => callerOf(req).id;
