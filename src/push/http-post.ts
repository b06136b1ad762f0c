import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { messageOf } from '../errors.ts';
import { type Addresses, AddressRefused } from '../outbound/addresses.ts';
import { type Post, PostError } from './ports.ts';

/** Connections kept for the next change, to all webhooks together. */
const IDLE_SOCKETS = 64;
const IDLE_MS = 10_000;

/** Posts over HTTP to addresses that are allowed. A redirect is an answer like any other. */
export function createPost(addresses: Addresses): Post {
  const options = {
    keepAlive: true,
    maxFreeSockets: IDLE_SOCKETS,
    timeout: IDLE_MS,
    lookup: addresses.lookup,
  };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  return async ({ url, headers, body, signal }) => {
    const target = new URL(url);
    checkAddress(addresses, target.hostname);
    const secure = target.protocol === 'https:';
    const given = {
      method: 'POST',
      headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      signal,
    };
    const request = secure
      ? requestHttps(target, { ...given, agent: agents.https })
      : requestHttp(target, { ...given, agent: agents.http });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).on('error', reject).end(body);
    }).catch((error: unknown) => {
      throw asPostError(error, signal);
    });
    // Read to its end, so that the connection is free again; broken off when it does not come.
    const cut = setTimeout(() => response.destroy(), IDLE_MS).unref();
    response
      .on('error', () => {})
      .on('close', () => clearTimeout(cut))
      .resume();
    return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
  };
}

function checkAddress(addresses: Addresses, hostname: string): void {
  try {
    addresses.check(hostname);
  } catch (error) {
    throw new PostError(messageOf(error), { cause: error });
  }
}

/** An owner may know what went wrong, and nothing of what lies where. */
function asPostError(error: unknown, signal: AbortSignal): PostError {
  if (error instanceof AddressRefused) return new PostError(error.message, { cause: error });
  if (signal.aborted) return new PostError('no answer in time', { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  return new PostError(`the connection failed${code === undefined ? '' : ` (${code})`}`, { cause: error });
}
