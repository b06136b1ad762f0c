import type { Scope } from './caller.ts';

/** The error codes of RFC 6750 §3.1 and RFC 9449 §7.1, §9. */
export type RefusalCode =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

/** How a credential may be presented: what a challenge offers. */
export type AuthScheme = 'Bearer' | 'DPoP';

export interface RefusalOptions {
  code?: RefusalCode;
  /** The scheme that the error belongs to; Bearer unless a DPoP proof came. */
  scheme?: AuthScheme;
  /** What the route needs. */
  scope?: Scope;
  /** A fresh nonce for the client's next proof. */
  nonce?: string;
  cause?: unknown;
}

/** Whose a genuine credential is that was refused all the same: for the audit log, and for no answer. */
export interface KnownOf {
  caller?: string | undefined;
  /** The id of an API key. */
  key?: string | undefined;
}

/**
 * Why a caller is not let in, in HTTP's words; a surface translates it where it speaks others. The message is for
 * the client and holds nothing of the credential.
 */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403;
  readonly code: RefusalCode | undefined;
  readonly scheme: AuthScheme;
  readonly scope: Scope | undefined;
  readonly nonce: string | undefined;
  #known: KnownOf = {};

  constructor(status: Refusal['status'], message: string, options: RefusalOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Refusal';
    this.status = status;
    this.code = options.code;
    this.scheme = options.scheme ?? 'Bearer';
    this.scope = options.scope;
    this.nonce = options.nonce;
  }

  /** What is certain of whose credential it was. */
  get known(): KnownOf {
    return this.#known;
  }

  /** The same refusal, of somebody's. */
  of(known: KnownOf): this {
    this.#known = known;
    return this;
  }
}

const REALM = 'realm="agent-host"';

export interface Offered {
  /** The algorithms of proofs; undefined where there are no access tokens. */
  dpop?: string | undefined;
  /** Nothing else is taken: the error stands on it, whatever was tried. */
  dpopOnly?: boolean | undefined;
  /** Where access tokens are described that are taken (RFC 9728 §5.1). */
  metadata?: string | undefined;
}

/**
 * The `WWW-Authenticate` of a refusal: one challenge a scheme, the error on the one that was tried (RFC 6750 §3,
 * RFC 9449 §7.1). Without a credential no error is told.
 */
export function challengesOf(refusal: Refusal, offered: Offered = {}): string[] {
  const challenge = (scheme: AuthScheme, parameters: string[]) => {
    const tried = offered.dpopOnly || refusal.scheme === scheme;
    const error = tried && refusal.code !== undefined ? errorOf(refusal) : [];
    return `${scheme} ${[REALM, ...error, ...parameters].join(', ')}`;
  };
  if (offered.dpop === undefined) return [challenge('Bearer', [])];
  const metadata = offered.metadata === undefined ? [] : [`resource_metadata="${offered.metadata}"`];
  const dpop = challenge('DPoP', [`algs="${offered.dpop}"`, ...metadata]);
  return offered.dpopOnly ? [dpop] : [challenge('Bearer', metadata), dpop];
}

function errorOf({ code, message, scope }: Refusal): string[] {
  // A quoted string of RFC 9110 §5.6.4.
  const described = message.replace(/[\\"]/g, "'").replace(/[^\x20-\x7e]/g, '?');
  return [
    `error="${code}"`,
    `error_description="${described}"`,
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
  ];
}
