import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { isVisible } from '../agents/access.ts';
import { isAdmin } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import type { StreamLimits } from '../auth/limits/stream-limits.ts';
import { claimOf, idempotent } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import { isId } from '../tasks/message.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { whenClosed, writeEvents } from '../web/sse.ts';
import type { AgentTasks, CallerTask, TaskViewer } from './agent-tasks.ts';
import type { GatewayAgent, GatewayAgents } from './agents.ts';
import { body, failureEvent, handler, named, refuseKey, refuseWhenStopping, SMALL_BODY } from './answers.ts';
import type { Gateway, Invocation } from './gateway.ts';
import { agentNotFound, taskNotFound } from './gateway-error.ts';
import { invokeSchema, parseBody, taskCallSchema, taskGetSchema, taskListSchema } from './requests.ts';

export interface InvokeRoutesOptions {
  gateway: Gateway;
  tasks: AgentTasks;
  agents: GatewayAgents;
  requests: OpenRequests;
  streams: Pick<StreamLimits, 'open'>;
  /** How long a cancel waits for the agent's clean-up. */
  cancelWaitMs: number;
  maxBody: number;
  keys: KeyStore;
  log: Logger;
}

/** `POST /agents/{agent_id}/…`: calls of agents, and their tasks. */
export function invokeRoutes(options: InvokeRoutesOptions): Router {
  const { gateway, tasks, requests, streams, log } = options;
  const router = Router();
  const large = body(options.maxBody);
  const small = body(SMALL_BODY);
  const post = (
    path: string,
    before: RequestHandler[],
    work: (req: Request, res: Response) => Promise<void>,
  ) => router.post(`/agents/:agent_id/${path}`, refuseWhenStopping(requests), ...before, handler(log, work));
  const keyed = { store: options.keys, refuse: refuseKey, log };
  const byWork = idempotent(keyed);

  post('invoke', [large, byWork], async (req, res) => {
    const open = requests.open();
    try {
      res.json(await gateway.invoke(await invocationOf(req, options), open.signal));
    } finally {
      open.close();
    }
  });
  post('invoke-async', [large, byWork], async (req, res) => {
    res.json(await gateway.invokeAsync(await invocationOf(req, options)));
  });
  post('check', [large], async (req, res) => {
    const { agent, request } = await invocationOf(req, options);
    res.json(await gateway.check(agent, request));
  });
  post('tasks/list', [small], async (req, res) => {
    const agent = await agentOf(req, options.agents.known);
    res.json(await tasks.list(agent, viewerOf(req), parseBody(taskListSchema, req.body)));
  });
  post('tasks/:task_id/get', [small], async (req, res) => {
    const ref = await refOf(req, options);
    const { history_length, ...given } = parseBody(taskGetSchema, req.body);
    res.json(await tasks.get({ ...ref, given }, history_length));
  });
  post('tasks/:task_id/cancel', [small, idempotent(keyed, 'itself')], async (req, res) => {
    const ref = await refOf(req, options);
    const given = parseBody(taskCallSchema, req.body);
    const wait = AbortSignal.any([requests.signalFor(res), AbortSignal.timeout(options.cancelWaitMs)]);
    const again = claimOf(req)?.again === true;
    res.json(await tasks.cancel({ ...ref, given }, { signal: wait, again }));
  });
  post('tasks/:task_id/subscribe', [small], async (req, res) => {
    const ref = await refOf(req, options);
    const given = parseBody(taskCallSchema, req.body);
    const { agentId: code, providerId: provider } = ref.agent;
    const open = await streams.open(callerOf(req), { code, provider }, requests.signalFor(res));
    whenClosed(res, open);
    const events = tasks.subscribe({ ...ref, given }, open.signal);
    // A failure before the first event is an ordinary answer, not a stream that carries an error.
    await writeEvents(res, events, await events.next(), (error) => failureEvent(error, log));
  });
  return router;
}

/** @throws GatewayError 404, also for an agent that is not there for this caller. */
async function agentOf(req: Request, find: GatewayAgents['find']): Promise<GatewayAgent> {
  const agentId = named(req, 'agent_id');
  const agent = await find(agentId);
  if (agent === undefined || !isVisible(agent, callerOf(req))) throw agentNotFound(agentId);
  return agent;
}

function viewerOf(req: Request): TaskViewer {
  const caller = callerOf(req);
  return { caller: caller.id, seesAll: isAdmin(caller) };
}

/** @throws GatewayError 404, also for a task that no agent can have. */
async function refOf(req: Request, { agents }: InvokeRoutesOptions): Promise<Omit<CallerTask, 'given'>> {
  const agent = await agentOf(req, agents.known);
  const taskId = named(req, 'task_id');
  if (!isId(taskId)) throw taskNotFound();
  return { agent, ...viewerOf(req), taskId };
}

async function invocationOf(req: Request, { agents }: InvokeRoutesOptions): Promise<Invocation> {
  const agent = await agentOf(req, agents.find);
  const request = parseBody(invokeSchema, req.body);
  const { id: caller, scopes } = callerOf(req);
  const body = req.body as JsonObject;
  return { agent, caller, scopes: [...scopes], request, body, claim: claimOf(req) };
}
