import { isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { HostError } from '../errors.ts';
import type { Door } from './door.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** @throws HostError `config` naming HOST, and what to do. */
export function refuseUnguarded(host: string): never {
  throw new HostError(
    'config',
    `HOST: ${host} is not a loopback address, and nothing says who may call: make an API key with \`agent-host keys create\`, set AUTH_ISSUER, or set HOST=127.0.0.1`,
    { field: 'HOST' },
  );
}

export const urlHost = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/**
 * While the door is open, serves only requests that name this host, from it or from the origins given: a page from elsewhere that a browser on this
 * machine shows must not reach it, neither across origins nor by a name that was made to point at loopback (DNS
 * rebinding). Where credentials are asked for, no page has any.
 */
export function onlyOwnHost(
  ownUrls: string[],
  { door, corsOrigins }: { door: Pick<Door, 'isOpen'>; corsOrigins: readonly string[] },
): RequestHandler {
  const own = ownUrls.map((url) => new URL(url));
  return async (req, res, next) => {
    if (!(await door.isOpen())) {
      next();
      return;
    }
    const { host = '', origin } = req.headers;
    const hostIsOwn = own.some((url) => namesHost(`http://${host}`, url));
    const allowed = origin !== undefined && corsOrigins.includes(origin);
    if (hostIsOwn && (allowed || own.some((url) => originIsOwn(origin, url)))) {
      next();
      return;
    }
    res.status(403).json({ message: 'Without authentication only this machine is served', status: 403 });
  };
}

/** Whether the name in a request's Host (gRPC: `:authority`) is one of this host's, as above. */
export const isOwnAuthority = (authority: string, ownUrls: string[]): boolean =>
  ownUrls.some((url) => namesHost(`http://${authority}`, new URL(url)));

function namesHost(url: string, own: URL): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, host } = new URL(url);
  return host === own.host || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function originIsOwn(origin: string | undefined, own: URL): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && namesHost(origin, own) && new URL(origin).port === own.port;
}
