import { createHash } from 'node:crypto';
import type { FlattenedJWSInput, JWTVerifyGetKey, JWTVerifyResult, ResolvedKey } from 'jose';
import { LRUCache } from 'lru-cache';

/** A token as jose verified it: header, claims, and the issuer's key that its signature is of. */
type VerifiedToken = JWTVerifyResult & ResolvedKey;

const MAX_TOKENS = 10_000;
/** A key is found by the header alone. */
const NO_PARTS: FlattenedJWSInput = { payload: '', signature: '' };

/**
 * Access tokens that were verified, so that the same bytes need not be again until they expire. One counts only while
 * the issuer's keys give the very key that verified it: they are asked each time, as for a token never seen, so that
 * one signed by a withdrawn key is not taken longer than any other.
 */
export class KnownTokens {
  readonly #keyFor: JWTVerifyGetKey;
  readonly #known = new LRUCache<string, VerifiedToken>({ max: MAX_TOKENS });

  constructor(keyFor: JWTVerifyGetKey) {
    this.#keyFor = keyFor;
  }

  /** Undefined for one that is to be verified. @throws what finding the issuer's key throws. */
  async find(token: string): Promise<VerifiedToken | undefined> {
    const id = idOf(token);
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    const { payload, protectedHeader, key } = known;
    const inTime = (payload.exp ?? 0) * 1_000 > Date.now();
    if (inTime && (await this.#keyFor(protectedHeader, NO_PARTS)) === key) return known;
    this.#known.delete(id);
    return undefined;
  }

  add(token: string, verified: VerifiedToken): void {
    this.#known.set(idOf(token), verified);
  }
}

/** Nothing that could be sent stays in memory. */
const idOf = (token: string): string => createHash('sha256').update(token).digest('base64');
