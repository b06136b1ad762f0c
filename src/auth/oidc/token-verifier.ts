import { errors, type JWTPayload, jwtVerify } from 'jose';
import { HostError } from '../../errors.ts';
import type { Authenticated, Presented, TokenVerifier } from '../authenticator.ts';
import { type AuthScheme, Refusal } from '../refusal.ts';
import type { ProofChecker } from './dpop.ts';
import type { Issuer } from './issuer.ts';
import { KnownTokens } from './known-tokens.ts';
import { DPOP_ALGORITHMS } from './proof-keys.ts';

/** Signed by a key pair: with a shared secret, whoever verifies could sign. */
const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** RFC 9068's, and what issuers write that do not follow it; an ID token of OpenID Connect has another audience. */
const TOKEN_TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt']);
const MAX_TOKEN = 16_384;
const MAX_SUBJECT = 255;
/** Control characters and halves of characters: no name of anybody, and NUL is no text for Postgres. */
const UNSPEAKABLE = /[\p{Cc}\p{Cs}]/u;

export interface OidcVerifierOptions {
  issuer: Pick<Issuer, 'keyFor'>;
  /** As tokens name them. */
  issuerUrl: string;
  audience: string;
  /** The claim that holds the scopes: a string with spaces between them, or a list. */
  scopeClaim: string;
  /** Seconds that the issuer's clock may differ. */
  clockSkewS: number;
  proofs: ProofChecker;
}

/** Access tokens of an issuer: Bearer (RFC 6750), or bound to a key (RFC 9449). */
export class OidcVerifier implements TokenVerifier {
  readonly dpopAlgorithms = DPOP_ALGORITHMS.join(' ');
  readonly #options: OidcVerifierOptions;
  readonly #known: KnownTokens;

  constructor(options: OidcVerifierOptions) {
    this.#options = options;
    this.#known = new KnownTokens(options.issuer.keyFor);
  }

  async verify(token: string, scheme: AuthScheme, presented: Presented): Promise<Authenticated> {
    const claims = await this.#claimsOf(token, scheme);
    const who = this.#who(claims, scheme);
    const holds = () => this.#holds(token, scheme);
    try {
      const bound = boundKey(claims);
      if (bound === undefined) {
        if (scheme === 'DPoP') throw refused('The token is bound to no key: send it as Bearer', scheme);
        return { caller: { ...who, how: 'bearer', holds } };
      }
      // RFC 9449 §7.1: whoever stole it has not the key.
      if (scheme === 'Bearer') {
        throw refused('The token is bound to a key: send it as DPoP, with a proof', scheme);
      }
      const { nonce } = await this.#options.proofs.check({ token, thumbprint: bound, presented });
      return { caller: { ...who, how: 'dpop', holds }, nonce };
    } catch (error) {
      throw error instanceof Refusal ? error.of({ caller: who.id }) : error;
    }
  }

  async #holds(token: string, scheme: AuthScheme): Promise<boolean> {
    try {
      await this.#claimsOf(token, scheme);
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  async #claimsOf(token: string, scheme: AuthScheme): Promise<JWTPayload> {
    const { issuer, issuerUrl, audience, clockSkewS } = this.#options;
    if (token.length > MAX_TOKEN || token.split('.').length !== 3)
      throw refused('The token is not known', scheme);
    try {
      const known = await this.#known.find(token);
      if (known !== undefined) return known.payload;
      const verified = await jwtVerify(token, issuer.keyFor, {
        issuer: issuerUrl,
        audience,
        algorithms: TOKEN_ALGORITHMS,
        clockTolerance: clockSkewS,
        requiredClaims: ['exp'],
      });
      if (!TOKEN_TYPES.has((verified.protectedHeader.typ ?? 'jwt').toLowerCase())) {
        throw refused('The token is no access token', scheme);
      }
      this.#known.add(token, verified);
      return verified.payload;
    } catch (error) {
      if (error instanceof Refusal || error instanceof HostError) throw error;
      throw refused(problemOf(error), scheme, error).of({ caller: this.#namedIn(error) });
    }
  }

  /** The caller of a token of this issuer, whose signature was good and whose claims were not. */
  #namedIn(error: unknown): string | undefined {
    if (!(error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed))
      return undefined;
    return error.payload.iss === this.#options.issuerUrl ? this.#idOf(error.payload) : undefined;
  }

  #who(claims: JWTPayload, scheme: AuthScheme): { id: string; scopes: ReadonlySet<string> } {
    const id = this.#idOf(claims);
    if (id === undefined) throw refused('The token names no subject', scheme);
    return { id, scopes: scopesIn(claims[this.#options.scopeClaim]) };
  }

  #idOf(claims: JWTPayload): string | undefined {
    // A client that calls for itself is its subject (RFC 9068 §2.2); some issuers name it only so.
    const subject = claims.sub ?? claims.client_id ?? claims.azp;
    if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT) return undefined;
    return UNSPEAKABLE.test(subject) ? undefined : `${this.#options.issuerUrl}#${subject}`;
  }
}

function scopesIn(claim: unknown): Set<string> {
  const listed = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  const isScope = (scope: unknown): scope is string =>
    typeof scope === 'string' && scope !== '' && !UNSPEAKABLE.test(scope);
  return new Set(listed.filter(isScope));
}

/** RFC 9449 §6.1. A confirmation by other means (RFC 8705) is one we cannot check. */
function boundKey({ cnf }: JWTPayload): string | undefined {
  if (cnf === undefined) return undefined;
  const { jkt } = (cnf ?? {}) as { jkt?: unknown };
  if (typeof jkt !== 'string')
    throw new Refusal(401, 'The token is bound in a way not known', { code: 'invalid_token' });
  return jkt;
}

const refused = (message: string, scheme: AuthScheme, cause?: unknown): Refusal =>
  new Refusal(401, message, { code: 'invalid_token', scheme, cause });

/** Says which check failed, and nothing of the token. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `The token's ${error.claim} is not accepted`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The token is signed in a way that is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed by no key of its issuer';
  return 'The token is not valid';
}
