import {
  type CryptoKey,
  calculateJwkThumbprint,
  EmbeddedJWK,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { LRUCache } from 'lru-cache';

export const DPOP_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];

const RULES: JWTVerifyOptions = {
  typ: 'dpop+jwt',
  algorithms: DPOP_ALGORITHMS,
  // Its age is checked by its `iat`, and by no `exp` or `nbf` of its own.
  currentDate: new Date(0),
  clockTolerance: Number.MAX_SAFE_INTEGER,
};

const MAX_KEYS = 5_000;
/** Longer headers are not remembered; one with an RSA key of 4,096 bits has 1,000 characters. */
const MAX_HEADER = 1_500;

/** A key that was imported, and the encoded header that it stood in. */
interface ImportedKey {
  header: string;
  key: CryptoKey;
}

/** Checks the signatures of proofs. The keys that tokens are bound to are imported once. */
export class ProofKeys {
  readonly #imported = new LRUCache<string, ImportedKey>({ max: MAX_KEYS });

  /**
   * Type, algorithm and signature of a proof (RFC 9449 §4.3, 3 to 7).
   * @param bound the RFC 7638 thumbprint of the key that the token is bound to.
   * @returns its claims, and the thumbprint of the key that it has: the caller compares them.
   * @throws jose's errors.
   */
  async verify(proof: string, bound: string): Promise<{ payload: JWTPayload; thumbprint: string }> {
    // A client writes the same one each time: what is the same bytes is the same key and algorithm.
    const header = proof.slice(0, Math.max(0, proof.indexOf('.')));
    const known = this.#imported.get(bound);
    if (known?.header === header) {
      const { payload } = await jwtVerify(proof, known.key, RULES);
      return { payload, thumbprint: bound };
    }
    const { payload, protectedHeader, key } = await jwtVerify(proof, EmbeddedJWK, RULES);
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as JWK);
    // Only of keys with a token bound to them, so that nobody fills it with keys made up.
    if (thumbprint === bound && header.length <= MAX_HEADER) this.#imported.set(bound, { header, key });
    return { payload, thumbprint };
  }
}
