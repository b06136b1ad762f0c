import { CompactSign } from 'jose';
import type { SigningKeys } from './keys.ts';

/** Signs bytes with the current key as a compact JWS, and gives it without its payload (RFC 7515, appendix F). */
export const detachedSigner =
  ({ current }: Pick<SigningKeys, 'current'>) =>
  async (payload: Uint8Array, type: string): Promise<string> => {
    const jws = await new CompactSign(payload)
      .setProtectedHeader({ alg: 'EdDSA', kid: current.kid, typ: type })
      .sign(current.privateKey);
    const [header, , signature] = jws.split('.');
    return `${header}..${signature}`;
  };
