import { TaskState } from '@a2a-js/sdk';
import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { writeEvents } from '../web/sse.ts';
import { type Refusals, refuseBlocked } from './blocked.ts';
import { errorStatus, restErrorBody } from './error-status.ts';
import { RPC, toProtocolError } from './errors.ts';
import { extensionsNamed, tellActivated } from './extensions.ts';
import {
  type AgentRpc,
  type RpcEnvironment,
  type RpcError,
  type RpcResponse,
  rpcErrorOf,
} from './json-rpc.ts';
import { versionNamed } from './rpc-routes.ts';

const RETRY_AFTER_S = '5';
const OWN_TYPE = 'application/a2a+json';

export interface RestRoutesOptions {
  /** The agent's methods; undefined when there is no such agent for this caller. */
  agent(code: string, caller: Caller): AgentRpc | undefined;
  callerOf(req: Request): Caller;
  requests: OpenRequests;
  refusals: Refusals;
  maxBody: number;
  log: Logger;
}

interface Operation {
  verb: 'get' | 'post' | 'delete';
  path: string;
  method: string;
}

/** A2A v1.0 §11.3. A subscription is a GET in the protocol's proto file and a POST in its text. */
export const OPERATIONS: readonly Operation[] = [
  { verb: 'post', path: '/message\\:send', method: 'SendMessage' },
  { verb: 'post', path: '/message\\:stream', method: 'SendStreamingMessage' },
  { verb: 'get', path: '/tasks', method: 'ListTasks' },
  { verb: 'post', path: '/tasks/:id\\:subscribe', method: 'SubscribeToTask' },
  { verb: 'get', path: '/tasks/:id\\:subscribe', method: 'SubscribeToTask' },
  { verb: 'post', path: '/tasks/:id\\:cancel', method: 'CancelTask' },
  { verb: 'get', path: '/tasks/:id', method: 'GetTask' },
  {
    verb: 'post',
    path: '/tasks/:taskId/pushNotificationConfigs',
    method: 'CreateTaskPushNotificationConfig',
  },
  { verb: 'get', path: '/tasks/:taskId/pushNotificationConfigs', method: 'ListTaskPushNotificationConfigs' },
  {
    verb: 'get',
    path: '/tasks/:taskId/pushNotificationConfigs/:id',
    method: 'GetTaskPushNotificationConfig',
  },
  {
    verb: 'delete',
    path: '/tasks/:taskId/pushNotificationConfigs/:id',
    method: 'DeleteTaskPushNotificationConfig',
  },
  { verb: 'get', path: '/extendedAgentCard', method: 'GetExtendedAgentCard' },
];

/**
 * HTTP+JSON (A2A v1.0 §11) under `/{code}/rest`. Each request is said again as the v1.0 method that it means, so
 * that both transports are one behaviour; errors are AIP-193's.
 */
export function restRoutes(options: RestRoutesOptions): Router {
  const router = Router({ mergeParams: true });
  router.use(negotiated, refuseWhenStopping(options.requests), knownAgent(options));
  router.use(
    refuseBlocked(options.refusals, (res, message) => {
      res.status(403).json(restErrorBody({ code: RPC.refused, message }, 403));
    }),
  );
  const body = jsonBody(options.maxBody, refuseBody);
  for (const { verb, path, method } of OPERATIONS) {
    const before = verb === 'post' ? [body] : [];
    router[verb](path, ...before, answer(options, method));
  }
  router.use((_req, res) => refuse(res, RPC.methodNotFound, 'There is no such operation'));
  return Router().use('/:code/rest', router);
}

/** v1.0.1 of the protocol has a media type of its own: who asks for it gets it. */
const negotiated: RequestHandler = (req, res, next) => {
  res.type(req.get('Accept')?.includes(OWN_TYPE) ? OWN_TYPE : 'application/json');
  next();
};

function refuseWhenStopping(requests: OpenRequests): RequestHandler {
  return (_req, res, next) => {
    if (!requests.stopping) next();
    else refuse(res, RPC.refused, 'The host is stopping; try again');
  };
}

const codeOf = (req: Request): string => String(req.params.code);

function knownAgent(options: RestRoutesOptions): RequestHandler {
  return (req, res, next) => {
    if (options.agent(codeOf(req), options.callerOf(req)) !== undefined) next();
    else refuse(res, RPC.methodNotFound, `There is no agent ${JSON.stringify(codeOf(req))}`);
  };
}

function refuseBody(res: Response, status: number, message: string): void {
  const error =
    status === 415 ? new ContentTypeNotSupportedError(message) : new RequestMalformedError(message);
  res.status(status).json(restErrorBody(rpcErrorOf(error), status));
}

const refuse = (res: Response, code: number, message: string): void => sendError(res, { code, message });

function sendError(res: Response, error: RpcError): void {
  const status = errorStatus(error.code).http;
  if (status === 503 || status === 429) res.setHeader('Retry-After', RETRY_AFTER_S);
  res.status(status).json(restErrorBody(error));
}

function answer(options: RestRoutesOptions, method: string): RequestHandler {
  return async (req, res) => {
    const caller = options.callerOf(req);
    const agent = options.agent(codeOf(req), caller);
    if (agent === undefined) throw new Error('the agent was there a moment ago');
    const params = paramsOf(req);
    if (params === undefined) return refuseBody(res, 400, 'The body is not an object');
    const environment: RpcEnvironment = {
      caller,
      version: versionNamed(req),
      extensions: extensionsNamed(req),
      onActivated: tellActivated(req, res),
      // Made when something waits, as for JSON-RPC.
      get signal() {
        return options.requests.signalFor(res);
      },
      snapshots: false,
    };
    const reply = await agent.handleV1(method, params, environment);
    if (Symbol.asyncIterator in reply) await stream(reply, res, options.log);
    else if (reply.error !== undefined) sendError(res, reply.error);
    else res.json(reply.result ?? {});
  };
}

async function stream(
  replies: AsyncGenerator<RpcResponse, void, undefined>,
  res: Response,
  log: Logger,
): Promise<void> {
  const errorOf = (error: unknown) => rpcErrorOf(toProtocolError(error, log));
  const results = resultsOf(replies);
  let first: IteratorResult<unknown>;
  try {
    // A failure before the first event is an ordinary answer, not a stream that carries an error.
    first = await results.next();
  } catch (error) {
    sendError(res, errorOf(error));
    return;
  }
  await writeEvents(res, results, first, (error) => restErrorBody(errorOf(error)));
}

async function* resultsOf(replies: AsyncIterable<RpcResponse>): AsyncGenerator<unknown, void, undefined> {
  for await (const { result } of replies) yield result;
}

/** What the path, the query and the body say, each name once; undefined when the body is no object. */
function paramsOf(req: Request): Record<string, unknown> | undefined {
  const body: unknown = req.body ?? {};
  if (typeof body !== 'object' || Array.isArray(body)) return undefined;
  const { code: _, ...path } = req.params;
  return { ...(req.method === 'POST' ? body : fromQuery(req.query)), ...path };
}

const FLAGS: Record<string, boolean> = { true: true, false: false };

/** A2A v1.0 §11.5: everything is a string there, and an enum may go by its short name. */
function fromQuery(query: Request['query']): Record<string, unknown> {
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== ''),
  );
  const { includeArtifacts, status } = given;
  if (typeof includeArtifacts === 'string')
    given.includeArtifacts = FLAGS[includeArtifacts] ?? includeArtifacts;
  if (typeof status === 'string') {
    const long = `TASK_STATE_${status.toUpperCase().replaceAll('-', '_')}`;
    if (long in TaskState) given.status = long;
  }
  return given;
}
