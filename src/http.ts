import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Router,
} from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { HostError, messageOf } from './errors.ts';

interface Check {
  ok: boolean;
  error?: string;
}

interface StuckTask {
  task: string;
  agent: string;
  problem: string;
}

export interface HttpOptions {
  /** Which proxies in front are believed, as Express takes it. */
  trustProxy?: number | string[] | undefined;
  /** What every answer carries. */
  headers: RequestHandler;
  guard: RequestHandler;
  /** What `/readyz` asks, by name. */
  checks: Record<string, () => Promise<void>>;
  /** The tasks that cannot go on, which `/readyz` names; none to those whom they do not concern. */
  stuck(req: Request): Promise<StuckTask[]>;
  metrics: Registry;
  routers: { path: string; router: Router }[];
  log: Logger;
}

/** The one Express app: health, metrics, and the surfaces' routers. */
export function createApp({
  trustProxy,
  headers,
  guard,
  checks,
  stuck,
  metrics,
  routers,
  log,
}: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  // A card's ETag is its own; anything else is not worth hashing.
  app.disable('etag');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  app.use(headers, refuseNul, guard);
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', async (req, res) => {
    const results = await runChecks(checks);
    const ready = Object.values(results).every(({ ok }) => ok);
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not-ready',
      checks: results,
      stuck: results.database?.ok ? await stuck(req) : [],
    });
  });
  app.get('/metrics', async (_req, res) => {
    res.type(metrics.contentType).send(await metrics.metrics());
  });
  for (const { path, router } of routers) app.use(path, router);
  app.use((_req, res) => {
    res.status(404).json({ message: 'There is nothing here', status: 404 });
  });
  app.use(lastResort(log));
  return app;
}

async function runChecks(checks: HttpOptions['checks']): Promise<Record<string, Check>> {
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

/** Nothing is named with a NUL, and Postgres takes none. */
const refuseNul: RequestHandler = (req, res, next) => {
  if (req.url.includes('%00')) res.status(400).json(UNREADABLE);
  else next();
};

const UNREADABLE = { message: 'The request cannot be read', status: 400 };

const lastResort =
  (log: Logger): ErrorRequestHandler =>
  (error, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = (error as { status?: number }).status;
    if (status !== undefined && status >= 400 && status < 500) {
      res.status(status).json({ ...UNREADABLE, status });
      return;
    }
    const reference = randomUUID();
    log.error({ err: error, reference, path: req.path }, 'a request failed');
    res.status(500).json({ message: `Internal error; reference ${reference}`, status: 500 });
  };

/** Room for an access token and its proof; Node answers 431 above it. */
const MAX_HEADER_BYTES = 32 * 1024;

/**
 * Takes the address at once, so that a host that cannot have it starts nothing; answers 503 until it has an app.
 * @throws HostError `config` naming PORT or HOST when they cannot be listened on.
 */
export async function listen({ host, port }: { host: string; port: number }): Promise<Listening> {
  let answer: (req: IncomingMessage, res: ServerResponse) => void = starting;
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (req, res) => answer(req, res));
  server.headersTimeout = 30_000;
  // A long answer is no idle connection; a client that is slow to ask is.
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, { host, port })));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: (app) => {
      answer = app;
    },
    close: () => closeServer(server),
  };
}

function starting(_req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '1' });
  res.end(JSON.stringify({ message: 'The host is starting', status: 503 }));
}

export interface Listening {
  port: number;
  serve(app: Express): void;
  /** Takes no more connections, waits for the answers under way, bounded. */
  close(): Promise<void>;
}

const CLOSE_WITHIN_MS = 3_000;

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const insist = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  await closed;
  clearTimeout(insist);
}

function cannotListen(error: Error, { host, port }: { host: string; port: number }): HostError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new HostError('config', `PORT: ${port} is in use; stop what uses it or set another PORT`);
  }
  if (code === 'EACCES') return new HostError('config', `PORT: ${port} may not be listened on by this user`);
  return new HostError('config', `HOST: cannot listen on ${host}: ${messageOf(error)}`);
}
