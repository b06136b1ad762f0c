import { type Request, Router } from 'express';
import type { Logger } from 'pino';
import { isAdmin } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import type { StreamLimits } from '../auth/limits/stream-limits.ts';
import { workflowIdOf } from '../tasks/contract.ts';
import type { LineCursor, Sight, TaskLine, TaskOverview, TaskTimeline } from '../tasks/overview.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { readPlace, writePlace } from '../web/page-token.ts';
import { whenClosed, writeEvents } from '../web/sse.ts';
import type { TaskReceipts } from './agent-tasks.ts';
import { failureEvent, handler, named, refuseWhenStopping } from './answers.ts';
import { invalidRequest } from './gateway-error.ts';
import {
  eventsSchema,
  type StatisticsRequest,
  statisticsSchema,
  taskLinesSchema,
} from './overview-schemas.ts';
import { parseBody } from './requests.ts';
import type { Percentiles, Statistics, StatisticsQuery, StatisticsStore } from './statistics.ts';

export interface OverviewRoutesOptions {
  overview: TaskOverview;
  statistics: StatisticsStore;
  receipts: Pick<TaskReceipts, 'ofTask'>;
  /** The agents whose tasks this caller, who is no admin, does not see. */
  unseen(req: Request): Promise<string[]>;
  /** Where people see a workflow in Temporal's UI; undefined when nobody said where that is. */
  workflowUrl(workflowId: string, runId: string | undefined): string | undefined;
  requests: OpenRequests;
  streams: Pick<StreamLimits, 'open'>;
  log: Logger;
}

/** `/tasks` across agents, a task's timeline, `/admin/stats`. */
export function overviewRoutes(options: OverviewRoutesOptions): Router {
  const { overview, statistics, requests, streams, log } = options;
  const router = Router();
  const sightOf = async (req: Request): Promise<Sight> => {
    const caller = callerOf(req);
    return isAdmin(caller) ? { without: [] } : { owner: caller.id, without: await options.unseen(req) };
  };
  router.get(
    '/tasks',
    handler(log, async (req, res) => {
      const query = parseBody(taskLinesSchema, { ...req.query });
      const sight = await sightOf(req);
      const { caller, agent_id, context_id, status, from, to, limit, cursor } = query;
      // Of somebody else there is nothing to see.
      if (caller !== undefined && sight.owner !== undefined && caller !== sight.owner) {
        return void res.json({ tasks: [], total: 0, next_cursor: null });
      }
      const page = await overview.list({
        ...sight,
        ...(caller === undefined ? {} : { owner: caller }),
        ...(agent_id === undefined ? {} : { agentCode: agent_id }),
        ...(context_id === undefined ? {} : { contextId: context_id }),
        ...(status === undefined ? {} : { state: status }),
        ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
        ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
        ...(cursor === undefined ? {} : { cursor: readCursor(cursor) }),
        limit,
      });
      res.json({
        tasks: page.lines.map(lineView),
        total: page.total,
        next_cursor: page.next === undefined ? null : writeCursor(page.next),
      });
    }),
  );
  router.get(
    '/tasks/events',
    refuseWhenStopping(requests),
    handler(log, async (req, res) => {
      parseBody(eventsSchema, { ...req.query });
      const open = await streams.open(callerOf(req), EVERY_AGENT, requests.signalFor(res));
      whenClosed(res, open);
      const events = overview.changes(() => sightOf(req), open.signal);
      const write = (event: unknown) => {
        const { lines, missed } = event as { lines: TaskLine[]; missed: boolean };
        return `data: ${JSON.stringify({ tasks: lines.map(lineView), missed })}\n\n`;
      };
      await writeEvents(res, events, await events.next(), (error) => failureEvent(error, log), write);
    }),
  );
  router.get(
    '/tasks/:task_id/timeline',
    handler(log, async (req, res) => {
      const timeline = await overview.timeline(named(req, 'task_id'), await sightOf(req));
      const { id: taskId, agentCode: agentId, owner: caller } = timeline.line;
      const receiptId = await options.receipts.ofTask({ agentId, caller, taskId });
      res.json({
        ...timelineView(timeline),
        ...(receiptId === undefined ? {} : { receipt_id: receiptId }),
        ...(isAdmin(callerOf(req)) ? { workflow: workflowView(timeline, options) } : {}),
      });
    }),
  );
  router.get(
    '/admin/stats',
    handler(log, async (req, res) => {
      const query = stretchOf(parseBody(statisticsSchema, { ...req.query }));
      res.json(statisticsView(query, await statistics.read(query)));
    }),
  );
  return router;
}

/** Stands for all of them where streams to one agent are limited; no switch is for it. */
const EVERY_AGENT = { code: '*', provider: '*' };

const DAY_MS = 86_400_000;
const STEPS = 96;
const MAX_STEPS = 1_500;

/** @throws GatewayError 400. */
function stretchOf({ from, to, step }: StatisticsRequest): StatisticsQuery {
  const end = to === undefined ? new Date() : new Date(to);
  const begin = from === undefined ? new Date(end.getTime() - DAY_MS) : new Date(from);
  const wholeMs = end.getTime() - begin.getTime();
  if (wholeMs <= 0) throw invalidRequest('to: must be after from');
  const stepMs =
    step === undefined ? Math.max(1_000, Math.ceil(wholeMs / STEPS / 1_000) * 1_000) : step * 1_000;
  if (wholeMs / stepMs > MAX_STEPS) throw invalidRequest(`step: makes more than ${MAX_STEPS} steps`);
  return { from: begin, to: end, stepMs };
}

const lineView = (line: TaskLine) => ({
  task_id: line.id,
  agent_id: line.agentCode,
  context_id: line.contextId,
  caller: line.owner,
  status: line.state,
  message: line.text,
  version: line.version,
  created_at: line.createdAt,
  status_at: line.stateAt,
});

const timelineView = ({ line, readAt, spans, spent, moments }: TaskTimeline) => ({
  task: lineView(line),
  read_at: readAt,
  spans: spans.map(({ kind, state, from, to }) => ({ kind, status: state, from, to })),
  spent_ms: spent,
  moments: moments.map(({ state, ...moment }) => ({ ...moment, status: state })),
});

function workflowView({ line, runId }: TaskTimeline, { workflowUrl }: OverviewRoutesOptions) {
  const workflowId = workflowIdOf(line.id);
  return { workflow_id: workflowId, run_id: runId, url: workflowUrl(workflowId, runId) };
}

const percentilesView = ({ count, p50, p90, p99 }: Percentiles) => ({
  count,
  p50_ms: p50,
  p90_ms: p90,
  p99_ms: p99,
});

const statisticsView = ({ from, to, stepMs }: StatisticsQuery, found: Statistics) => ({
  from: from.toISOString(),
  to: to.toISOString(),
  step_s: stepMs / 1_000,
  tasks: found.tasks,
  queue: percentilesView(found.queue),
  durations: percentilesView(found.durations),
  calls: percentilesView(found.calls),
  refusals: found.refusals,
  failing: found.failing,
  now: {
    tasks: found.now.tasks.map(({ agent, state, count, oldestAt }) => ({
      agent_id: agent,
      status: state,
      count,
      oldest_at: new Date(oldestAt).toISOString(),
    })),
    receipts: { running: found.now.receipts.running, pending: found.now.receipts.pending },
    deliveries: found.now.deliveries.map(({ taskId, agentCode, ...delivery }) => ({
      task_id: taskId,
      agent_id: agentCode,
      ...delivery,
    })),
  },
});

const writeCursor = ({ createdAt: at, id }: LineCursor): string => writePlace({ at, id });

function readCursor(text: string): LineCursor {
  const place = readPlace(text);
  if (place === undefined) throw invalidRequest('cursor: is not one this list gave');
  return { createdAt: place.at, id: place.id };
}
