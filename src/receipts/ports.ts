import type { Claim } from '../idempotency/ports.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CutState, RecordedCut } from './cut.ts';
import type {
  FinalReceipt,
  FinalReceiptStatus,
  InvokeMode,
  JsonObject,
  Link,
  NewReceipt,
  Place,
  Receipt,
  ReceiptResult,
  ReceiptStatus,
  StoredReceipt,
  Verification,
} from './receipt.ts';

/** Signs bytes as a JWS of this `typ`, and gives it without its payload (RFC 7515, appendix F). */
export type Sign = (payload: Uint8Array, type: string) => Promise<string>;

/** A final receipt on its way into the record. */
export interface SealedReceipt {
  receipt: FinalReceipt;
  result: ReceiptResult;
  /** By which it follows the one before it, and the next one it. */
  place: Place;
}

/** Running receipts of one provider, and what they will follow. */
export interface ToSeal {
  /** In the order asked for; those that are final already are left out. */
  running: Receipt[];
  head: Place | undefined;
  /** Now, by the database's clock. */
  at: string;
}

export interface ReceiptQuery {
  /** Only this caller's; everyone's when absent. */
  caller?: string;
  agentId?: string;
  providerId?: string;
  status?: ReceiptStatus;
  verification?: Verification;
  invokeMode?: InvokeMode;
  limit: number;
  cursor?: ReceiptCursor;
}

/** Where a page ended: newest first, then by id. */
export interface ReceiptCursor {
  startedAt: string;
  id: string;
}

export interface ReceiptPage {
  receipts: Receipt[];
  /** Present when more follow. */
  next?: ReceiptCursor;
}

/** The record of receipts. Every method is one statement or one transaction. */
export interface ReceiptStore {
  /**
   * Writes a receipt as `running`, together with the claim of its request.
   * @returns when it began, by the database's clock.
   * @throws HostError `key_in_use`: another request has the claim's key, and nothing was written.
   */
  open(
    receipt: Omit<Receipt, 'started_at'>,
    kept: Pick<NewReceipt, 'request' | 'message_id' | 'secret' | 'scopes' | 'claim'>,
  ): Promise<string>;
  /** Notes the task a running receipt's call has become. */
  noteTask(receiptId: string, task: { taskId: string; contextId: string }): Promise<void>;
  /**
   * Makes running receipts of one provider final, all at once and in this order, at the end of the provider's
   * sequence. `seal` may be called again when another process was faster.
   * @returns those that it made final; the others were final before, or never opened.
   */
  finish(
    providerId: string,
    receiptIds: string[],
    seal: (open: ToSeal) => Promise<SealedReceipt[]>,
  ): Promise<FinalReceipt[]>;
  /** Undefined also when it is another caller's. */
  find(receiptId: string, caller?: string): Promise<StoredReceipt | undefined>;
  list(query: ReceiptQuery): Promise<ReceiptPage>;
  /** The receipt of the call that began a task: of a call by anybody when no caller is named. */
  ofTask(task: { agentId: string; caller?: string; taskId: string }): Promise<string | undefined>;
  /** Those of these tasks of an agent that receipts of the caller name. */
  tasksOf(caller: string, agentId: string, taskIds: string[]): Promise<Set<string>>;
}

/** How far a sequence reaches, and what the record has of its cut. */
export interface RecordedChain {
  provider_id: string;
  head: Place;
  cut?: RecordedCut;
}

/** Receipts as a chain: for whoever proves or checks them. */
export interface ChainStore {
  /** How far each sequence reaches, and the moment at which that is so. */
  chains(): Promise<{ at: string; chains: RecordedChain[] }>;
  /** Final receipts of a provider after this place of its sequence, in order. */
  following(providerId: string, after: number, limit: number): Promise<StoredReceipt[]>;
  /** What the sequence itself says of one of its places: the receipt after it, or else the sequence's head. */
  placeAt(providerId: string, sequence: number): Promise<Link | undefined>;
  /**
   * Removes the oldest receipts of a provider, no more than `limit`, that were final before this moment, with
   * all before them; what is left of them is the signed checkpoint.
   * @param certify is given the last of them, too; when it throws, nothing is removed.
   * @returns how many.
   */
  cut(
    providerId: string,
    before: { moment: Date; limit: number },
    certify: (at: string, chain: CutState, last: Receipt) => Promise<Checkpoint>,
  ): Promise<number>;
  /**
   * Removes requests and results of receipts that were final before this moment and wait for no verdict, no more than
   * `limit`.
   * @returns of how many.
   */
  removeBodies(before: Date, limit: number): Promise<number>;
}

/** What was found of a receipt, by the verifier or by hand. */
export interface Verdict {
  receipt_id: string;
  verification: 'verified' | 'failed';
  /** Who said so: a caller's id, or `verifier`. */
  by: string;
  reason: string;
  at: string;
}

/** A receipt that waits for the verifier, and how often it was put off. */
export interface PendingReceipt extends StoredReceipt {
  tries: number;
}

export interface VerdictStore {
  /** Final receipts that wait for the verifier, oldest first, those that were put off left out. */
  pending(limit: number): Promise<PendingReceipt[]>;
  /** Does not look at the receipt again for so long, and counts that. */
  putOff(receiptId: string, ms: number): Promise<void>;
  /**
   * Keeps a verdict, and makes it the receipt's verification.
   * @returns undefined when there is no such final receipt, or `onlyPending` and it waits no more.
   */
  judge(verdict: Omit<Verdict, 'at'>, onlyPending: boolean, claim?: Claim): Promise<Verdict | undefined>;
  /** Newest first. */
  verdicts(receiptId: string): Promise<Verdict[]>;
}

/** A receipt that is running, and the message its call sends. */
export interface RunningReceipt {
  receipt: Receipt;
  messageId: string;
  ageMs: number;
  /** Its agent has said which task the call has become. */
  sent: boolean;
  /** Its credential: encrypted, or the id of a stored one. */
  secret?: string;
  authContextId?: string;
}

export interface RunningStore {
  /** Receipts running for longer than this, by age and id, after one of them. */
  running(olderThanMs: number, limit: number, after?: ReceiptCursor): Promise<RunningReceipt[]>;
}

/** A running receipt with all that it takes to make its call. */
export interface OpenCall extends RunningReceipt {
  request: JsonObject;
  /** What its caller was allowed. */
  scopes: string[];
}

/** Single calls under way. */
export interface CallStore {
  /** Undefined when its receipt is final, or there is none. */
  open(receiptId: string): Promise<OpenCall | undefined>;
  /** The calls that wait for a task. */
  ofRunningTask(taskId: string): Promise<RunningReceipt[]>;
}

/**
 * What the agent's own record says of a call.
 * - `absent`: it knows nothing of it, nor is anything of it under way
 * - `open`: it is under way
 * - `followed`: it is under way elsewhere, and its own workflow follows it
 * - `ended`: for this call it ended so; a task may wait for the next one
 * - `lost`: whether it reached the agent is not known, and cannot be found out
 * - `unknown`: it cannot be asked at the moment; when that is `lasting`, later neither
 */
export type CallRecord =
  | { record: 'absent' }
  | { record: 'followed' }
  | { record: 'open'; taskId?: string; contextId?: string }
  | {
      record: 'ended';
      /** Absent when it was answered without a task. */
      taskId?: string;
      contextId: string;
      status: Exclude<FinalReceiptStatus, 'rejected'>;
      result: ReceiptResult;
    }
  | { record: 'lost' }
  | { record: 'unknown'; reason: string; lasting?: boolean };

/** Asks agents for what they know. */
export interface AgentRecords {
  /** Of calls that were begun, by receipt id. */
  ofCalls(calls: RunningReceipt[]): Promise<Map<string, CallRecord>>;
  /** Of the task of a final receipt, as it stands now. */
  ofTask(stored: StoredReceipt): Promise<CallRecord>;
}
