import { createHash, createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';

/** Stands for a proof (RFC 9449) in a header of a request, another one every time. */
export const FRESH_PROOF = 'FRESH-PROOF';

/** The key that a token is bound to: Ed25519, so that making a proof costs the load generator least. */
export interface ProofKey {
  privateJwk: { kty: string; crv?: string; x?: string; d?: string };
  token: string;
  /** The URL of every request. */
  url: string;
}

/** Makes proofs for requests by POST. */
export function proofMaker({ privateJwk, token, url }: ProofKey): () => string {
  const key: KeyObject = createPrivateKey({ key: privateJwk, format: 'jwk' });
  const { d: _, ...jwk } = privateJwk;
  const head = encoded({ typ: 'dpop+jwt', alg: 'EdDSA', jwk });
  const ath = createHash('sha256').update(token).digest('base64url');
  return () => {
    const iat = Math.floor(Date.now() / 1_000);
    const signed = `${head}.${encoded({ jti: randomUUID(), htm: 'POST', htu: url, iat, ath })}`;
    return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
  };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
