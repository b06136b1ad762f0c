import { FlattenedSign } from 'jose';
import type { CardSigner } from '../agents/signed-cards.ts';
import type { SigningKeys } from './keys.ts';

/** Signs cards with the current key (A2A v1.0 §8.4.2). The same card always gets the same signature (RFC 8032). */
export function cardSigner({ current }: Pick<SigningKeys, 'current'>, publicUrl: string): CardSigner {
  const header = {
    alg: 'EdDSA',
    typ: 'JOSE',
    kid: current.kid,
    jku: `${publicUrl.replace(/\/+$/, '')}/.well-known/jwks.json`,
  };
  return async (canonical) => {
    const jws = new FlattenedSign(new TextEncoder().encode(canonical)).setProtectedHeader(header);
    const { protected: protectedHeader = '', signature } = await jws.sign(current.privateKey);
    return { protected: protectedHeader, signature };
  };
}
