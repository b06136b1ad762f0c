import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import proxyAddr from 'proxy-addr';
import type { Authenticator, Presented } from '../../auth/authenticator.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Door } from '../../auth/door.ts';
import { requireScope } from '../../auth/guard.ts';
import type { RequestLimits } from '../../auth/limits/request-limits.ts';
import { isOwnAuthority } from '../../auth/loopback.ts';
import { challengesOf, Refusal } from '../../auth/refusal.ts';
import type { RefusalLog } from '../../auth/refusal-log.ts';
import { HostError } from '../../errors.ts';
import { refusalStatus } from '../error-status.ts';
import type { GrpcCall } from './arrival.ts';
import { grpcError } from './status-error.ts';
import { tell } from './trailers.ts';

export interface AdmissionOptions {
  authenticator: Pick<Authenticator, 'authenticate' | 'dpopAlgorithms'>;
  door: Pick<Door, 'isOpen'>;
  refusals: Pick<RefusalLog, 'note'>;
  limits: Pick<RequestLimits, 'count'>;
  /** The workflow code of the agent that a call names, or is for when it names none. */
  agentOf(call: GrpcCall): string | undefined;
  /**
   * Where clients reach gRPC, as a URL: `http` or `https`, host and port. A proof is for this with the call's path,
   * such as `/lf.a2a.v1.A2AService/GetTask`, and for the method POST: that is the request HTTP/2 carries.
   */
  url: string;
  /** Which proxies in front are believed. */
  trustProxy?: number | string[] | undefined;
  log: Logger;
}

/** Says whose call it is, by the same credentials as HTTP: `authorization`, `x-api-key` and `dpop` in its metadata. */
export function grpcCallers(options: AdmissionOptions): (call: GrpcCall) => Promise<Caller> {
  const { authenticator, door, refusals, url, limits, agentOf } = options;
  return async (call) => {
    if ((await door.isOpen()) && !isOwnAuthority(call.getHost(), [url])) {
      throw grpcError('PERMISSION_DENIED', 'Without authentication only this machine is served');
    }
    const presented = presentedBy(call, options);
    let caller: Caller | undefined;
    try {
      const found = await authenticator.authenticate(presented);
      caller = found?.caller;
      if (found?.nonce !== undefined) tell(call, { 'dpop-nonce': [found.nonce] });
      requireScope(caller, 'agents:invoke');
      await limits.count(caller, agentOf(call));
      return caller;
    } catch (error) {
      if (error instanceof Refusal) {
        refusals.note(error, { caller: caller?.id, address: presented.address, action: call.getPath() });
      }
      throw told(error, call, options);
    }
  };
}

function presentedBy(call: GrpcCall, { url, trustProxy }: AdmissionOptions): Presented {
  const given = (name: string) => call.metadata.get(name).map(String);
  return {
    authorization: given('authorization'),
    apiKey: given('x-api-key'),
    dpop: given('dpop'),
    method: 'POST',
    url: `${url}${call.getPath()}`,
    address: addressOf(call, trustProxy),
  };
}

/** Where the call came from, as far as the proxies that say so are believed: by the rules that Express has for HTTP. */
function addressOf(call: GrpcCall, trustProxy: AdmissionOptions['trustProxy']): string {
  // Without the port: `192.0.2.1:5000`, `[::1]:5000`.
  const peer = call
    .getPeer()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  if (trustProxy === undefined) return peer;
  const trusts =
    typeof trustProxy === 'number'
      ? (_: string, hop: number) => hop < trustProxy
      : proxyAddr.compile(trustProxy);
  const forwarded = call.metadata.get('x-forwarded-for').join(', ');
  const request = { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } };
  const named = proxyAddr(request as unknown as IncomingMessage, trusts);
  return isIP(named) === 0 ? peer : named;
}

function told(error: unknown, call: GrpcCall, { authenticator, log }: AdmissionOptions): unknown {
  if (error instanceof Refusal) {
    tell(call, {
      'www-authenticate': challengesOf(error, { dpop: authenticator.dpopAlgorithms }),
      'dpop-nonce': error.nonce === undefined ? [] : [error.nonce],
    });
    return grpcError(refusalStatus(error.status), error.message);
  }
  if (!(error instanceof HostError)) return error;
  if (error.code === 'too_many') {
    sendRetryAfter(call, error.retryAfterS);
    return grpcError('RESOURCE_EXHAUSTED', error.message);
  }
  if (error.code !== 'unavailable') return error;
  log.warn({ err: error }, 'who calls could not be found out');
  return grpcError('UNAVAILABLE', error.message);
}

const RETRY_AFTER_S = 5;

export const sendRetryAfter = (call: GrpcCall, seconds = RETRY_AFTER_S): void =>
  tell(call, { 'retry-after': [String(seconds)] });
