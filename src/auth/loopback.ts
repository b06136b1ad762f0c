import { isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { HostError } from '../errors.ts';
import type { Door } from './door.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** How others than the programs of this machine reach the host: by its address, or by a proxy before it. */
export interface Reach {
  HOST: string;
  PUBLIC_URL?: string | undefined;
}

/** `::1` stands in brackets in a URL. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

const isPublic = (url: string): boolean => !isLoopback(bare(new URL(url).hostname));

export const isReachable = ({ HOST, PUBLIC_URL }: Reach): boolean =>
  !isLoopback(HOST) || (PUBLIC_URL !== undefined && isPublic(PUBLIC_URL));

/** @throws HostError `config` naming HOST or PUBLIC_URL, and what to do. */
export function refuseUnguarded({ HOST, PUBLIC_URL }: Reach): never {
  const [field, problem, instead] = isLoopback(HOST)
    ? ['PUBLIC_URL', `${PUBLIC_URL} is not on loopback`, 'leave PUBLIC_URL unset']
    : ['HOST', `${HOST} is not a loopback address`, 'set HOST=127.0.0.1'];
  throw new HostError(
    'config',
    `${field}: ${problem}, and nothing says who may call: make an API key with \`agent-host keys create\`, set AUTH_ISSUER, or ${instead}`,
    { field: String(field) },
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
  // One loopback name is as good as another, for a host that has one.
  return host === own.host || (isLoopback(bare(own.hostname)) && isLoopback(bare(hostname)));
}

function originIsOwn(origin: string | undefined, own: URL): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && namesHost(origin, own) && new URL(origin).port === own.port;
}
