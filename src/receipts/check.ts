/** What one receipt shows by itself. Pure, and of the web platform alone: it runs in a browser too. */
import { base64url, compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { canonicalBytes, digestOf } from './canonical.ts';
import { CHECKPOINT_TYPE, type Checkpoint, RECEIPT_TYPE } from './checkpoint.ts';
import { type StoredReceipt, statementOf } from './receipt.ts';

/** What is wrong, by kind. */
type FaultKind =
  | 'unreadable'
  | 'not_final'
  | 'proof'
  | 'signature'
  | 'request_digest'
  | 'result_digest'
  | 'verification'
  | 'missing'
  | 'order'
  | 'chain'
  | 'cut'
  | 'checkpoint';

export interface Fault {
  kind: FaultKind;
  problem: string;
}

/** Whether a JWS without its payload is one of these keys' over these bytes; else why not. */
export type CheckSignature = (jws: string, payload: Uint8Array, type: string) => Promise<string | undefined>;

/** @param jwks the public keys of the host, old ones included. */
export function signatureCheck(jwks: JSONWebKeySet): CheckSignature {
  const keys = createLocalJWKSet(jwks);
  return async (jws, payload, type) => {
    // An export says what it likes.
    const [header, empty, signature] = typeof jws === 'string' ? jws.split('.') : [];
    if (empty !== '' || signature === undefined) return 'is not a detached JWS';
    try {
      const whole = `${header}.${base64url.encode(payload)}.${signature}`;
      const { protectedHeader } = await compactVerify(whole, keys, { algorithms: ['EdDSA', 'Ed25519'] });
      return protectedHeader.typ === type ? undefined : `is one of ${protectedHeader.typ}, not of ${type}`;
    } catch (error) {
      return why(error);
    }
  };
}

function why(error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'ERR_JWKS_NO_MATCHING_KEY') return 'was made with a key that is none of these';
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return 'does not fit what it signs';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** All that is wrong with a receipt and what is kept of its bodies; its place in the sequence is looked at elsewhere. */
export async function checkReceipt(
  { receipt, request, result }: StoredReceipt,
  check: CheckSignature,
): Promise<Fault[]> {
  if (receipt.status === 'running') return [{ kind: 'not_final', problem: 'is still running' }];
  const faults: Fault[] = [];
  const problem = await check(receipt.signature ?? '', canonicalBytes(statementOf(receipt)), RECEIPT_TYPE);
  if (problem !== undefined) faults.push({ kind: 'signature', problem: `the signature ${problem}` });
  if (request !== undefined && (await digestOf(request)) !== receipt.request_digest) {
    faults.push({ kind: 'request_digest', problem: 'the request is not the one its digest is of' });
  }
  if (result !== undefined && (await digestOf(result)) !== receipt.result_digest) {
    faults.push({ kind: 'result_digest', problem: 'the result is not the one its digest is of' });
  }
  // Not signed, but what it may be follows from what is.
  if (receipt.verification === 'not_required' && receipt.policy?.risk_level !== 'low') {
    faults.push({ kind: 'verification', problem: `risk ${receipt.policy?.risk_level} has to be verified` });
  }
  return faults;
}

export async function checkCheckpoint(
  { signature, ...statement }: Checkpoint,
  check: CheckSignature,
): Promise<Fault[]> {
  const problem = await check(signature, canonicalBytes(statement), CHECKPOINT_TYPE);
  return problem === undefined
    ? []
    : [{ kind: 'checkpoint', problem: `the checkpoint’s signature ${problem}` }];
}
