import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { Readable, Transform } from 'node:stream';
import type { Addresses } from './addresses.ts';

export interface OutboundOptions {
  /** Undefined: any address may be reached. */
  addresses: Pick<Addresses, 'lookup' | 'check'> | undefined;
  /** An answer is broken off above so many bytes. */
  maxBytes: number;
  /** A connection on which nothing comes for so long is given up. */
  idleMs: number;
}

/** The answer is too large, or nothing came of it; the message may be shown. */
export class OutboundError extends Error {}

const IDLE_SOCKETS = 64;
// A body of these is none (RFC 9110 §6.4.1), and `Response` takes none.
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * `fetch` for addresses that others have named: only to those allowed, checked as the connection is made; a redirect is
 * an answer like any other; nothing is decompressed; never without end.
 */
export function createFetch({ addresses, maxBytes, idleMs }: OutboundOptions): typeof fetch {
  const options = {
    keepAlive: true,
    maxFreeSockets: IDLE_SOCKETS,
    timeout: idleMs,
    ...(addresses && { lookup: addresses.lookup }),
  };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  return async (input, init = {}) => {
    const target = new URL(input instanceof Request ? input.url : input);
    if (!/^https?:$/.test(target.protocol)) throw new OutboundError('the address is neither http nor https');
    addresses?.check(target.hostname);
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = typeof init.body === 'string' ? init.body : undefined;
    const given = {
      method: init.method ?? 'GET',
      headers: {
        ...headers,
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      ...(init.signal && { signal: init.signal }),
      timeout: idleMs,
    };
    const request =
      target.protocol === 'https:'
        ? requestHttps(target, { ...given, agent: agents.https })
        : requestHttp(target, { ...given, agent: agents.http });
    request.on('timeout', () => request.destroy(new OutboundError('no answer in time')));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).on('error', reject).end(body);
    });
    return asResponse(response, maxBytes);
  };
}

function asResponse(message: IncomingMessage, maxBytes: number): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (WITHOUT_BODY.has(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  let size = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= maxBytes) return done(null, chunk);
      message.destroy();
      done(new OutboundError(`the answer has more than ${maxBytes} bytes`));
    },
  });
  message.on('error', (error) => bounded.destroy(error)).pipe(bounded);
  bounded.once('close', () => message.destroy());
  return new Response(Readable.toWeb(bounded) as ReadableStream, { status, headers });
}
