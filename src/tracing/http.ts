import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { type Carrier, inStep, openStep, traceHeaders } from './steps.ts';

/** Asked by machines, all the time. */
const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

/** Each request is a step of the trace that its `traceparent` names, or of a new one (W3C Trace Context). */
export const tracedRequests: RequestHandler = (req, res, next) => {
  if (UNTRACED.has(req.path)) {
    next();
    return;
  }
  const { method } = req;
  const step = openStep({
    name: method,
    kind: 'server',
    from: carrierOf(req.headers),
    attributes: { 'http.request.method': method },
  });
  res.once('close', () => {
    const path: unknown = req.route?.path;
    const route = typeof path === 'string' ? `${req.baseUrl}${path}` : undefined;
    step.end({
      ...(route !== undefined && { name: `${method} ${route}` }),
      attributes: {
        'http.response.status_code': res.statusCode,
        ...(route !== undefined && { 'http.route': route }),
      },
      failed: res.statusCode >= 500,
    });
  });
  step.run(next);
};

function carrierOf({ traceparent, tracestate }: IncomingHttpHeaders): Carrier {
  // As Node joins what was sent more than once; no two parents are one.
  return {
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(tracestate !== undefined && { tracestate: String(tracestate) }),
  };
}

/** The same `fetch`, each of whose requests is a step of the trace that runs now, and carries it. */
export const tracedFetch =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init = {}) => {
    const { host } = new URL(input instanceof Request ? input.url : input);
    return outgoing(init.method ?? 'GET', host, (carrier) => {
      const headers = new Headers(init.headers);
      for (const [name, value] of Object.entries(carrier)) headers.set(name, value);
      return fetch(input, { ...init, headers });
    });
  };

interface Posting {
  url: string;
  headers: Record<string, string>;
}

/** The same for whoever posts. */
export const tracedPost =
  <P extends Posting, A extends { status: number }>(post: (posting: P) => Promise<A>) =>
  (posting: P): Promise<A> =>
    outgoing('POST', new URL(posting.url).host, (carrier) =>
      post({ ...posting, headers: { ...posting.headers, ...carrier } }),
    );

const outgoing = <A>(method: string, host: string, request: (carrier: Carrier) => Promise<A>): Promise<A> =>
  inStep(
    {
      name: method,
      kind: 'client',
      attributes: { 'http.request.method': method, 'server.address': host },
    },
    () => request(traceHeaders()),
  );
