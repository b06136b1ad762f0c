import express, { type Express, type Request, Router } from 'express';
import type { Registry } from 'prom-client';
import type { Drain } from './drain.ts';
import { HostError } from './errors.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import type { TemporalHost } from './temporal/engine-host.ts';

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
  db: PrismaClient;
  temporal: Pick<TemporalHost, 'check' | 'checkWorkers'>;
  /** The tasks that cannot go on, which `/readyz` names; none to those whom they do not concern. */
  stuck(req: Request): Promise<StuckTask[]>;
  metrics: Registry;
  /** Whether the process is to be sent nothing more. */
  drain: Pick<Drain, 'begun'>;
}

/** `/healthz`: the process answers. `/readyz`: so does what it needs. `/metrics`: in Prometheus' text format. */
export function healthRoutes({ db, temporal, stuck, metrics, drain }: HealthOptions): Router {
  const checks = {
    database: () => checkDatabase(db),
    temporal: () => temporal.check(),
    worker: () => temporal.checkWorkers(),
  };
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (req, res) => {
    if (drain.begun) {
      res.status(503).json({ status: 'stopping', checks: {}, stuck: [] });
      return;
    }
    const results = await runChecks(checks);
    const ready = Object.values(results).every(({ ok }) => ok);
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not-ready',
      checks: results,
      stuck: results.database?.ok ? await stuck(req) : [],
    });
  });
  router.get('/metrics', async (_req, res) => {
    res.type(metrics.contentType).send(await metrics.metrics());
  });
  return router;
}

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

async function checkDatabase(db: PrismaClient): Promise<void> {
  try {
    await db.$queryRaw`select 1`;
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
