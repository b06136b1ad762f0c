import { type Response, Router } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../auth/guard.ts';
import { HostError } from '../errors.ts';
import { byStatus, claimOf, type Fate, idempotent } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import { jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import type { Invoker } from './invoker.ts';
import { refuseKey } from './key-refusal.ts';
import { invokeSchema, parse } from './requests.ts';
import { type Failure, failureOf, RPC, RpcError } from './rpc-error.ts';

export const METHOD = 'a2a.sendMessage';

export interface InvokeRoutesOptions {
  invoker: Invoker;
  keys: KeyStore;
  requests: OpenRequests;
  maxBody: number;
  log: Logger;
}

type RpcId = string | number | null;

interface RpcRequest {
  /** Undefined when there is none: none comes back then. */
  id?: RpcId;
  params: unknown;
}

/** `POST /invoke`: JSON-RPC 2.0 with the one method of this facade. */
export function invokeRoutes({ invoker, keys, requests, maxBody, log }: InvokeRoutesOptions): Router {
  const router = Router();
  const read = jsonBody(maxBody, (res, status, message) => {
    const code = status === 400 ? RPC.parse : RPC.invalidRequest;
    answerFailure(res, { status, code, message }, null);
  });
  const once = idempotent({
    store: keys,
    refuse: refuseKey,
    contentOf: withoutId,
    fateOf,
    replayed: (answer, body) => ({ jsonrpc: '2.0', ...idOf(body), ...withoutId(answer) }),
    log,
  });
  router.post('/invoke', read, once, async (req, res) => {
    const id = idOf(req.body);
    try {
      if (requests.stopping) throw new RpcError(RPC.internal, 'The host is stopping; try again', 503);
      const { params } = requestOf(req.body);
      const invocation = {
        caller: callerOf(req),
        params: parse(invokeSchema, params, 'params'),
        given: params as JsonObject,
        claim: claimOf(req),
      };
      const task = await invoker.invoke(invocation, requests.signalFor(res));
      res.json({ jsonrpc: '2.0', ...id, result: { task } });
    } catch (error) {
      if (error instanceof HostError && error.code === 'key_in_use') {
        return refuseKey(res, { status: 409, message: error.message, retryAfterS: 1 });
      }
      answerFailure(res, failureOf(error, log), 'id' in id ? id.id : null);
    }
  });
  return router;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function idOf(body: unknown): { id: RpcId } | Record<string, never> {
  if (!isObject(body) || body.id === undefined) return {};
  return isRpcId(body.id) ? { id: body.id } : { id: null };
}

const isRpcId = (id: unknown): id is RpcId =>
  id === null || typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));

/** JSON-RPC 2.0 §4. @throws RpcError naming what is wrong. */
function requestOf(body: unknown): RpcRequest {
  if (body === undefined) throw new RpcError(RPC.parse, 'The body is empty', 400);
  const invalid = (message: string) => new RpcError(RPC.invalidRequest, message, 400);
  if (!isObject(body)) throw invalid('The body must be one JSON-RPC request');
  const { jsonrpc, method, params, id } = body;
  if (jsonrpc !== '2.0') throw invalid('jsonrpc: must be "2.0"');
  if (typeof method !== 'string') throw invalid('method: must be a string');
  if (id !== undefined && !isRpcId(id)) throw invalid('id: must be a string, a number or null');
  if (method !== METHOD) throw new RpcError(RPC.methodNotFound, `method: there is only ${METHOD}`);
  if (!isObject(params)) throw new RpcError(RPC.invalidParams, 'params: must be an object');
  return { params };
}

/** The id tells one request from another, and not one piece of work. */
function withoutId(body: unknown): object {
  if (!isObject(body)) return { body };
  const { id: _, ...content } = body;
  return content;
}

/** What JSON-RPC tells as an error was not done; an error of ours, or a limit, may yet be overcome. */
function fateOf(status: number, body: unknown): Fate {
  const error = isObject(body) && isObject(body.error) ? body.error : undefined;
  if (error === undefined) return byStatus(status);
  return error.code === RPC.internal ? 'let-go' : 'forget';
}

/** What JSON-RPC can tell goes with 200; the rest is HTTP's. */
function answerFailure(res: Response, { status, code, message, retryAfterS }: Failure, id: RpcId): void {
  if (retryAfterS !== undefined || status === 503) res.setHeader('Retry-After', String(retryAfterS ?? 1));
  // As the guard tells it, which knows no request of JSON-RPC.
  if (status === 429) {
    res.status(status).json({ message, status });
    return;
  }
  res.status(toldInBody(status, code) ? 200 : status).json({ jsonrpc: '2.0', id, error: { code, message } });
}

const IN_BODY = new Set<number>([RPC.invalidParams, RPC.notFound, RPC.methodNotFound, RPC.internal]);
const toldInBody = (status: number, code: number): boolean => IN_BODY.has(code) && status !== 503;
