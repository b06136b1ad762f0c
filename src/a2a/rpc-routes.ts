import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { HostError } from '../errors.ts';
import { jsonBody } from '../web/json-body.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { writeEvents } from '../web/sse.ts';
import { type Refusals, refuseBlocked } from './blocked.ts';
import { RPC, rpcError, toProtocolError } from './errors.ts';
import { extensionsNamed, tellActivated } from './extensions.ts';
import {
  type AgentRpc,
  failure,
  idOf,
  type RpcEnvironment,
  type RpcResponse,
  streamsIn,
} from './json-rpc.ts';

const MAX_BATCH = 50;
const RETRY_AFTER_S = '5';

export interface RpcRoutesOptions {
  /** The agent's JSON-RPC; undefined when there is no such agent for this caller. */
  agent(code: string, caller: Caller): AgentRpc | undefined;
  callerOf(req: Request): Caller;
  /** Counts further requests of a caller to an agent. @throws HostError `too_many`. */
  count(caller: Caller, code: string, requests: number): Promise<void> | undefined;
  /** More requests at once can never be within the limits. */
  most: number;
  requests: OpenRequests;
  refusals: Refusals;
  maxBody: number;
  log: Logger;
}

/** `POST /{code}` and `POST /{code}/stream`. */
export function rpcRoutes(options: RpcRoutesOptions): Router {
  const router = Router();
  const before: RequestHandler[] = [
    refuseWhenStopping(options.requests),
    knownAgent(options),
    refuseBlocked(options.refusals, (res, message) => refuseAgent(res, 403, message)),
    jsonBody(options.maxBody, refuseBody),
  ];
  router.post('/:code', before, answer(options, false));
  router.post('/:code/stream', before, answer(options, true));
  return router;
}

function refuseWhenStopping(requests: OpenRequests): RequestHandler {
  return (_req, res, next) => {
    if (!requests.stopping) next();
    else send(res, 503, failure(null, rpcError(RPC.refused, 'The host is stopping; try again')));
  };
}

function knownAgent(options: RpcRoutesOptions): RequestHandler {
  return (req, res, next) => {
    const code = String(req.params.code);
    if (options.agent(code, options.callerOf(req)) !== undefined) {
      next();
      return;
    }
    refuseAgent(res, 404, `There is no agent ${JSON.stringify(code)}`);
  };
}

/** Beside the JSON-RPC error the plain form, for clients that look at the status first. */
function refuseAgent(res: Response, status: number, message: string): void {
  res.status(status).json({ ...failure(null, rpcError(RPC.refused, message)), message, status });
}

const BODY_CODES = new Map<number, number>([
  [400, RPC.parse],
  [413, RPC.invalidRequest],
  [415, RPC.contentType],
]);

function refuseBody(res: Response, status: number, message: string): void {
  send(res, status, failure(null, rpcError(BODY_CODES.get(status) ?? RPC.invalidRequest, message)));
}

function answer(options: RpcRoutesOptions, snapshots: boolean): RequestHandler {
  return async (req, res) => {
    const caller = options.callerOf(req);
    const code = String(req.params.code);
    const agent = options.agent(code, caller);
    if (agent === undefined) throw new Error('the agent was there a moment ago');
    const environment: RpcEnvironment = {
      caller,
      version: versionNamed(req),
      extensions: extensionsNamed(req),
      onActivated: tellActivated(req, res),
      signal: options.requests.signalFor(res),
      snapshots,
    };
    if (req.body === undefined) refuseBody(res, 400, 'The body is empty');
    else if (Array.isArray(req.body)) {
      const problem = batchProblem(req.body.length, options.most);
      // The guard has counted one of them.
      const others = () => options.count(caller, code, req.body.length - 1);
      if (problem !== undefined) send(res, 400, failure(null, rpcError(RPC.invalidRequest, problem)));
      else if (await isWithinLimit(others, res)) await answerBatch(agent, req.body, environment, res);
    } else await answerOne(agent, req.body, { environment, res, log: options.log });
  };
}

/** The A2A-Version that a request names, in its header or its query (A2A v1.0 §3.6.1). */
export function versionNamed(req: Request): string | undefined {
  const inQuery = req.query['A2A-Version'];
  return req.get('A2A-Version') ?? (typeof inQuery === 'string' ? inQuery : undefined);
}

async function answerOne(
  agent: AgentRpc,
  body: unknown,
  { environment, res, log }: { environment: RpcEnvironment; res: Response; log: Logger },
): Promise<void> {
  const reply = await agent.handle(body, environment);
  if (!(Symbol.asyncIterator in reply)) {
    send(res, statusOf(reply), told(reply));
    return;
  }
  const asFailure = (error: unknown) => failure(idOf(body), toProtocolError(error, log));
  let first: IteratorResult<RpcResponse>;
  try {
    // A failure before the first event is an ordinary answer, not a stream that carries an error.
    first = await reply.next();
  } catch (error) {
    const response = asFailure(error);
    send(res, statusOf(response), told(response));
    return;
  }
  await writeEvents(res, reply, first, asFailure);
}

/** False when it was answered that a limit is reached. */
async function isWithinLimit(count: () => Promise<void> | undefined, res: Response): Promise<boolean> {
  try {
    await count();
    return true;
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'too_many')) throw error;
    res.setHeader('Retry-After', String(error.retryAfterS));
    res.status(429).json(failure(null, rpcError(RPC.refused, error.message)));
    return false;
  }
}

function batchProblem(size: number, most: number): string | undefined {
  if (size === 0) return 'The batch is empty';
  if (size > MAX_BATCH) return `A batch holds at most ${MAX_BATCH} requests`;
  return size > most ? `A batch holds at most ${most} requests: no more may be made in a minute` : undefined;
}

/** JSON-RPC 2.0 §6: an array of the answers, in any order; nothing for notifications. */
async function answerBatch(
  agent: AgentRpc,
  bodies: unknown[],
  environment: RpcEnvironment,
  res: Response,
): Promise<void> {
  const answers = await Promise.all(
    bodies.map(async (body) => {
      if (streamsIn(body)) {
        return failure(idOf(body), rpcError(RPC.invalidRequest, 'A stream cannot be opened in a batch'));
      }
      const reply = (await agent.handle(body, environment)) as RpcResponse;
      return isNotification(body, reply) ? undefined : reply;
    }),
  );
  const replies = answers.filter((reply) => reply !== undefined).map(told);
  if (replies.length === 0) res.status(204).end();
  else res.status(200).json(replies);
}

const isNotification = (body: unknown, reply: RpcResponse): boolean =>
  typeof body === 'object' && body !== null && !('id' in body) && reply.error?.code !== RPC.invalidRequest;

const HTTP_STATUS = new Map<number, number>([
  [RPC.parse, 400],
  [RPC.invalidRequest, 400],
  [RPC.refused, 503],
  [RPC.tooMany, 429],
]);

const told = (reply: RpcResponse): RpcResponse =>
  reply.error?.code === RPC.tooMany ? { ...reply, error: { ...reply.error, code: RPC.refused } } : reply;

const statusOf = ({ error }: RpcResponse): number =>
  error === undefined ? 200 : (HTTP_STATUS.get(error.code) ?? 200);

function send(res: Response, status: number, body: unknown): void {
  if (status === 503 || status === 429) res.setHeader('Retry-After', RETRY_AFTER_S);
  res.status(status).json(body);
}
