import { createHash } from 'node:crypto';
import { errors, type JWTPayload } from 'jose';
import type { Presented } from '../authenticator.ts';
import { Refusal, type RefusalCode } from '../refusal.ts';
import type { Nonces } from './nonces.ts';
import { ProofKeys } from './proof-keys.ts';

/** How old a proof may be, in seconds, beside what the clocks may differ. */
const MAX_AGE_S = 60;
const MAX_PROOF = 8_192;
const MAX_JTI = 1_024;

/** The proofs seen by any process of a deployment. */
export interface ProofLog {
  /**
   * Notes a proof issued at one moment until another. `repeated`: it is noted already; `before`: it was issued before
   * the record began, and nobody knows.
   * @throws HostError `unavailable`.
   */
  note(digest: Uint8Array, issued: Date, until: Date): Promise<'first' | 'repeated' | 'before'>;
}

export interface ProofCheckerOptions {
  log: ProofLog;
  /** Asked of every proof when given (RFC 9449 §9). */
  nonces?: Nonces | undefined;
  /** Seconds that the client's clock may differ. */
  clockSkewS: number;
}

interface Bound {
  token: string;
  /** The RFC 7638 thumbprint that the token names, `cnf.jkt`. */
  thumbprint: string;
  presented: Presented;
}

/** Checks that the caller has the key which its token is bound to. */
export class ProofChecker {
  readonly #options: ProofCheckerOptions;
  readonly #keys = new ProofKeys();

  constructor(options: ProofCheckerOptions) {
    this.#options = options;
  }

  /**
   * RFC 9449 §4.3, in its order; the record of `jti` comes last, so that only good proofs fill it.
   * @returns a nonce that the client's next proof should hold, when it needs another.
   * @throws Refusal `invalid_dpop_proof`, `use_dpop_nonce` with the nonce to use.
   */
  async check({ token, thumbprint, presented }: Bound): Promise<{ nonce: string | undefined }> {
    const [proof, ...others] = presented.dpop;
    if (proof === undefined || others.length > 0) throw invalid('One DPoP header is needed');
    const { payload, thumbprint: own } = await this.#verified(proof, thumbprint);
    if (payload.htm !== presented.method) throw invalid('htm is not the method of this request');
    if (typeof payload.htu !== 'string' || !sameTarget(payload.htu, presented.url)) {
      throw invalid('htu is not the URL of this request');
    }
    const nonce = this.#checkNonce(payload.nonce);
    const iat = this.#checkAge(payload.iat);
    if (payload.ath !== sha256(token).toString('base64url')) throw invalid('ath is not that of the token');
    if (own !== thumbprint) throw invalid('The token is bound to another key', 'invalid_token');
    const { jti } = payload;
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI)
      throw invalid('jti is missing or too long');
    const until = new Date((iat + MAX_AGE_S + 2 * this.#options.clockSkewS) * 1_000);
    const seen = await this.#options.log.note(sha256(`${thumbprint} ${jti}`), new Date(iat * 1_000), until);
    if (seen === 'first') return { nonce };
    if (seen === 'repeated') throw invalid('The proof was used before');
    throw invalid('The proof was issued before the record of proofs began: send a fresh one');
  }

  async #verified(proof: string, bound: string): Promise<{ payload: JWTPayload; thumbprint: string }> {
    if (proof.length > MAX_PROOF) throw invalid('The proof is too long');
    try {
      return await this.#keys.verify(proof, bound);
    } catch (error) {
      throw invalid(problemOf(error), 'invalid_dpop_proof', error);
    }
  }

  #checkAge(iat: unknown): number {
    const { clockSkewS } = this.#options;
    if (typeof iat !== 'number') throw invalid('iat is missing');
    const age = Date.now() / 1_000 - iat;
    if (age > MAX_AGE_S + clockSkewS) throw invalid('iat lies too far back');
    if (age < -clockSkewS) throw invalid('iat lies in the future');
    return iat;
  }

  #checkNonce(nonce: unknown): string | undefined {
    const { nonces } = this.#options;
    if (nonces === undefined) return undefined;
    const state = typeof nonce === 'string' ? nonces.stateOf(nonce) : 'unknown';
    if (state === 'unknown') {
      throw new Refusal(401, 'The proof needs the nonce of this answer', {
        code: 'use_dpop_nonce',
        scheme: 'DPoP',
        nonce: nonces.current(),
      });
    }
    return state === 'aging' ? nonces.current() : undefined;
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** RFC 9449 §4.3 (9): without query and fragment, normalized (RFC 3986 §6.2.2, §6.2.3). */
function sameTarget(htu: string, url: string): boolean {
  if (!URL.canParse(htu) || !URL.canParse(url)) return false;
  const [named, actual] = [new URL(htu), new URL(url)];
  return named.origin === actual.origin && normalized(named.pathname) === normalized(actual.pathname);
}

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

const normalized = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : escaped.toUpperCase();
  });

const invalid = (message: string, code: RefusalCode = 'invalid_dpop_proof', cause?: unknown): Refusal =>
  new Refusal(401, message, { code, scheme: 'DPoP', cause });

function problemOf(error: unknown): string {
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The proof is signed in a way that is not accepted';
  if (error instanceof errors.JWTClaimValidationFailed) return `The proof's ${error.claim} is not accepted`;
  return 'The proof is not valid';
}
