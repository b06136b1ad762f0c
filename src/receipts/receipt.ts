import type { Claim } from '../idempotency/ports.ts';

/** The receipt of one call. It is stored, signed and shown in this one form, under the names its readers know. */

const RECEIPT_STATUSES = ['running', 'succeeded', 'failed', 'rejected'] as const;
const VERIFICATIONS = ['not_required', 'pending', 'verified', 'failed'] as const;
const INVOKE_MODES = ['sync', 'async'] as const;

export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number];
export type FinalReceiptStatus = Exclude<ReceiptStatus, 'running'>;
export type Verification = (typeof VERIFICATIONS)[number];
export type InvokeMode = (typeof INVOKE_MODES)[number];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What policy said, and about which version of the agent's review profile. */
export interface ReceiptPolicy {
  decision: 'allow' | 'refuse';
  /** Of a refusal. */
  code?: string;
  message?: string;
  risk_level: 'low' | 'medium' | 'high';
  /** Digest of the review profile. */
  review_version: string;
}

/** A receipt by its name and its hash. */
export interface Link {
  receipt_id: string;
  /** `sha256:` and hex, over the receipt's signed statement. */
  hash: string;
}

/** A receipt's place in the sequence of its provider, which counts from 1. */
export interface Place extends Link {
  sequence: number;
}

export interface Receipt {
  receipt_id: string;
  agent_id: string;
  provider_id: string;
  /** The id of who called. */
  caller: string;
  invoke_mode: InvokeMode;
  status: ReceiptStatus;
  /** Not signed: it may change after the receipt is final. */
  verification: Verification;
  /** `sha256:` and hex, over the canonical JSON (RFC 8785) of the request, its secrets left out. */
  request_digest: string;
  cost_units: number;
  policy: ReceiptPolicy;
  /** By the database's clock, ISO 8601. */
  started_at: string;
  task_id?: string;
  context_id?: string;
  /** Of the request that made the call, as logs and traces name it: 32 hex digits. Not signed. */
  trace_id?: string;

  // From here on: when it is final.
  completed_at?: string;
  /** As `request_digest`, over the result: `{ output?, stderr?, payment_receipt? }`. */
  result_digest?: string;
  sequence?: number;
  /** The one before it in its provider's sequence; null for the first. */
  previous?: Link | null;
  /** A detached JWS (RFC 7515, appendix F) over the canonical JSON of the statement. */
  signature?: string;
}

/** What a final receipt has. */
export type FinalReceipt = Omit<Receipt, 'status'> & { status: FinalReceiptStatus } & Required<
    Pick<Receipt, 'completed_at' | 'result_digest' | 'sequence' | 'previous' | 'signature'>
  >;

/** What came of a call. It may be purged later; its digest stays. */
export interface ReceiptResult {
  /** What the agent answered, in the envelope's names: task_id, context_id, status, message, output. */
  output?: JsonObject;
  /** Why the call failed or was rejected. */
  stderr?: string;
  payment_receipt?: Json;
}

/** A receipt with what its digests are of, as far as that is kept. */
export interface StoredReceipt {
  receipt: Receipt;
  request?: JsonObject;
  result?: ReceiptResult;
}

/** A call about to be made. */
export interface NewReceipt
  extends Pick<
    Receipt,
    'agent_id' | 'provider_id' | 'caller' | 'invoke_mode' | 'cost_units' | 'policy' | 'task_id' | 'context_id'
  > {
  /** A new one when absent. */
  receipt_id?: string;
  /** The body as it came. Credentials in it are neither kept nor digested. */
  request: JsonObject;
  /** The id of the message that goes to the agent: by it the agent's record of the call is found again. */
  message_id: string;
  /** A credential for the call, encrypted: kept while it is running. */
  secret?: string;
  /** What the caller is allowed: kept for a call that is made later. */
  scopes?: readonly string[] | undefined;
  /** The idempotency key of its request: written with the receipt, or nothing is. */
  claim?: Claim | undefined;
}

/** How a call ended. */
export interface Ending {
  receipt_id: string;
  provider_id: string;
  status: FinalReceiptStatus;
  result: ReceiptResult;
  /** Null takes away what it was opened with. */
  task_id?: string | null;
  context_id?: string | null;
}

export const isFinalReceipt = (receipt: Receipt): receipt is FinalReceipt =>
  receipt.status !== 'running' && receipt.sequence !== undefined && receipt.signature !== undefined;

/** Low risk needs no verification; whatever else is queued for it. */
export const firstVerification = ({ risk_level }: ReceiptPolicy): Verification =>
  risk_level === 'low' ? 'not_required' : 'pending';

/** What is signed: all of a final receipt but its signature, its verification and its trace. */
export function statementOf({
  signature: _,
  verification: __,
  trace_id: ___,
  ...statement
}: Receipt): object {
  return statement;
}

/** Fields of a request that hold credentials. */
const SECRET_FIELDS = ['auth_token'];

/** The request without its credentials, as it is kept and digested. */
export const withoutSecrets = (request: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(request).filter(([name]) => !SECRET_FIELDS.includes(name)));
