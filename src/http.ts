import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import type { Logger } from 'pino';
import { callerIfAny } from './auth/guard.ts';
import { type Capacity, CROWDED, CROWDED_RETRY_S } from './auth/limits/capacity.ts';
import type { Drain } from './drain.ts';
import { HostError, messageOf } from './errors.ts';
import { tracedRequests } from './tracing/http.ts';
import { internalError, noted } from './web/request-notes.ts';

export interface HttpOptions {
  /** Which proxies in front are believed, as Express takes it. */
  trustProxy?: number | string[] | undefined;
  /** What every answer carries. */
  headers: RequestHandler;
  guard: RequestHandler;
  drain: Pick<Drain, 'answering'>;
  capacity: Pick<Capacity, 'refuses'>;
  /** How the surface of a path tells a refusal. */
  refusalBody(path: string): (status: number, message: string) => object;
  /** Hears of each answer but streams, which end when their readers like. */
  answered(request: { surface: string; status: number }, ms: number): void;
  /** Hears of failures of ours that clients were told of by a reference. */
  failed(surface: string, count: number): void;
  /** By the surface whose requests they answer. */
  routers: { path: string; router: Router; surface: string }[];
  log: Logger;
}

/** The one Express app: the surfaces' routers. What it cannot take it is not even shown. */
export function createApp(options: HttpOptions): RequestListener {
  const app = expressApp(options);
  const { capacity, headers, refusalBody, log } = options;
  return (req, res) => {
    // To find a route takes longer than to refuse a call. What is answered always is read, not posted.
    if (req.method !== 'POST' || !capacity.refuses()) {
      app(req, res);
      return;
    }
    headers(req as Request, res as Response, () => {
      const path = pathOf(req.url);
      res.statusCode = 503;
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
      res.setHeader('Retry-After', CROWDED_RETRY_S);
      res.end(JSON.stringify(refusalBody(path)(503, CROWDED)));
      log.debug({ surface: 'none', method: req.method, path, status: 503, ms: 0 }, 'answered');
    });
  };
}

function expressApp(options: HttpOptions): Express {
  const { trustProxy, headers, guard, drain, routers, log } = options;
  const refuse: Refuse = (req, res, status, message) => {
    res.status(status).json(options.refusalBody(req.path)(status, message));
  };
  const app = express();
  app.disable('x-powered-by');
  // A card's ETag is its own; anything else is not worth hashing.
  app.disable('etag');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  app.use(tracedRequests, measured(options), leavable(drain), headers, refuseNul(refuse), guard);
  for (const { path, router, surface } of routers) app.use(path, named(surface), router);
  app.use((req, res) => refuse(req, res, 404, 'There is nothing here'));
  app.use(lastResort(refuse, log));
  return app;
}

type Refuse = (req: Request, res: Response, status: number, message: string) => void;

/** Remembers whose request it is, for `measured`; the router that answers is the last one that was asked. */
const named =
  (surface: string): RequestHandler =>
  (_req, res, next) => {
    res.locals.surface = surface;
    next();
  };

const measured =
  ({ answered, failed, log }: HttpOptions): RequestHandler =>
  (req, res, next) => {
    const began = performance.now();
    noted((notes, ended) => {
      const tell = () => {
        const surface: string = res.locals.surface ?? 'none';
        const { statusCode: status, writableFinished } = res;
        const ms = performance.now() - began;
        log.debug(
          {
            surface,
            method: req.method,
            path: pathOf(req.originalUrl),
            status,
            ms: Math.round(ms),
            caller: callerIfAny(req)?.id,
            taskId: notes.taskId ?? req.params.task_id,
            // The client left before its answer was whole.
            ...(!writableFinished && { left: true }),
          },
          'answered',
        );
        if (notes.internalErrors > 0) failed(surface, notes.internalErrors);
        if (!writableFinished || String(res.getHeader('content-type')).startsWith('text/event-stream'))
          return;
        answered({ surface, status }, ms);
      };
      res.once('close', () => ended(tell));
      next();
    });
  };

const pathOf = (url = '/'): string => url.split('?', 1)[0] as string;

const leavable =
  (drain: HttpOptions['drain']): RequestHandler =>
  (_req, res, next) => {
    drain.answering(res);
    next();
  };

/** Nothing is named with a NUL, and Postgres takes none. */
const refuseNul =
  (refuse: Refuse): RequestHandler =>
  (req, res, next) => {
    if (req.url.includes('%00')) refuse(req, res, 400, UNREADABLE);
    else next();
  };

const UNREADABLE = 'The request cannot be read';

const lastResort =
  (refuse: Refuse, log: Logger): ErrorRequestHandler =>
  (error, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = (error as { status?: number }).status;
    if (status !== undefined && status >= 400 && status < 500) {
      refuse(req, res, status, UNREADABLE);
      return;
    }
    refuse(req, res, 500, internalError(error, log, { path: req.path }));
  };

/** Room for an access token and its proof; Node answers 431 above it. */
const MAX_HEADER_BYTES = 32 * 1024;

/** Connections that wait to be taken, where the system lets so many: of more at once some would be reset. */
const BACKLOG = 4_096;

interface Address {
  host: string;
  port: number;
  /** Where both were set together; HOST and PORT when absent. */
  setting?: string;
}

/**
 * Takes the address at once, so that a host that cannot have it starts nothing; answers 503 until it has an app.
 * @throws HostError `config` naming the setting when it cannot be listened on.
 */
export async function listen(address: Address): Promise<Listening> {
  const { host, port } = address;
  let answer: (req: IncomingMessage, res: ServerResponse) => void = starting;
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (req, res) => answer(req, res));
  server.headersTimeout = 30_000;
  // A long answer is no idle connection; a client that is slow to ask is.
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, address)));
    server.listen({ port, host, backlog: BACKLOG }, resolve);
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
  serve(app: RequestListener): void;
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

function cannotListen(error: Error, { host, port, setting }: Address): HostError {
  const { code } = error as NodeJS.ErrnoException;
  const name = setting ?? 'PORT';
  if (code === 'EADDRINUSE') {
    return new HostError('config', `${name}: ${port} is in use; stop what uses it or set another ${name}`);
  }
  if (code === 'EACCES') {
    return new HostError('config', `${name}: ${port} may not be listened on by this user`);
  }
  return new HostError('config', `${setting ?? 'HOST'}: cannot listen on ${host}: ${messageOf(error)}`);
}
