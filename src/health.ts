import { setTimeout as delay } from 'node:timers/promises';
import express, { type Express, type Request, Router } from 'express';
import { Gauge, type Registry } from 'prom-client';
import type { Drain } from './drain.ts';
import { HostError } from './errors.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import type { TemporalHost } from './temporal/engine-host.ts';
import type { StuckQueue } from './watching.ts';

interface Check {
  ok: boolean;
  error?: string;
}

interface StuckTask {
  task: string;
  agent: string;
  problem: string;
}

export interface HealthOptions {
  /** What `/readyz` asks. */
  db: Pick<PrismaClient, '$queryRaw'>;
  temporal: Pick<TemporalHost, 'check' | 'checkWorkers'>;
  /** The tasks that cannot go on, which `/readyz` names, or what they wait for; none to those whom they do not concern. */
  stuck(req: Request): Promise<(StuckTask | StuckQueue)[]>;
  metrics: Registry;
  /** Whether the process is to be sent nothing more. */
  drain: Pick<Drain, 'begun'>;
}

/** With what comes before it `/readyz` answers within 2 s, whatever hangs: who asks waits no longer than 5 s. */
const CHECK_MS = 1_400;

/** `/healthz`: the process answers. `/readyz`: so does what it needs. `/metrics`: in Prometheus' text format. */
export function healthRoutes({ db, temporal, stuck, metrics, drain }: HealthOptions): Router {
  showReadiness({ db, temporal, metrics });
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (req, res) => {
    if (drain.begun) {
      res.status(503).json({ status: 'stopping', checks: {}, stuck: [] });
      return;
    }
    const [results, problems] = await Promise.all([
      readiness({ db, temporal }),
      soon(stuck(req)).catch(() => []),
    ]);
    const ready = Object.values(results).every(({ ok }) => ok);
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not-ready',
      checks: results,
      stuck: problems,
    });
  });
  router.get('/metrics', async (_req, res) => {
    res.type(metrics.contentType).send(await metrics.metrics());
  });
  return router;
}

/** The same as a metric, once on a process: an outage without requests shows in no other. */
function showReadiness({ metrics, ...asked }: Pick<HealthOptions, 'db' | 'temporal' | 'metrics'>): void {
  const name = 'agent_host_ready';
  if (metrics.getSingleMetric(name) !== undefined) return;
  new Gauge({
    name,
    help: 'Whether what the process needs answers it, as /readyz says',
    labelNames: ['check'],
    registers: [metrics],
    async collect() {
      for (const [check, { ok }] of Object.entries(await readiness(asked))) this.set({ check }, ok ? 1 : 0);
    },
  });
}

/** What the process needs, each answering or saying why not, within 1.4 s. */
const readiness = ({
  db,
  temporal,
}: Pick<HealthOptions, 'db' | 'temporal'>): Promise<Record<string, Check>> =>
  runChecks({
    database: () => checkDatabase(db),
    temporal: () => soon(temporal.check(), 'Temporal does not answer'),
    worker: () => temporal.checkWorkers(),
  });

/** For a browser that comes by: nothing here is a page. */
const NO_PAGE = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};

/** The same by itself, for an address of their own. It names no tasks: nobody says who asks. */
export function healthApp(options: Omit<HealthOptions, 'stuck'>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set(NO_PAGE);
    next();
  });
  return app.use(healthRoutes({ ...options, stuck: async () => [] }));
}

/** @throws HostError `unavailable` saying why when the work is not done in time. */
function soon<T>(work: Promise<T>, why = 'does not answer'): Promise<T> {
  const late = delay(CHECK_MS, undefined, { ref: false }).then(() => {
    throw new HostError('unavailable', why);
  });
  return Promise.race([work, late]);
}

async function checkDatabase(db: Pick<PrismaClient, '$queryRaw'>): Promise<void> {
  try {
    await soon(db.$queryRaw`select 1`);
  } catch (error) {
    throw new HostError('unavailable', 'Postgres does not answer', { cause: error });
  }
}

async function runChecks(checks: Record<string, () => Promise<void>>): Promise<Record<string, Check>> {
  const entries = Object.entries(checks).map(async ([name, check]) => {
    try {
      await check();
      return [name, { ok: true }] as const;
    } catch (error) {
      // A HostError's message is made to be shown; anything else may hold an address.
      const why = error instanceof HostError ? error.message : 'does not answer';
      return [name, { ok: false, error: why }] as const;
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}
