import { canonicalBytes } from './canonical.ts';
import type { Sign } from './ports.ts';
import type { Place } from './receipt.ts';

/** The `typ` of what is signed: a signature of one kind is none of the other. */
export const RECEIPT_TYPE = 'receipt';
export const CHECKPOINT_TYPE = 'receipt-checkpoint';

/** How far the sequence of a provider reaches. */
export interface ChainState {
  provider_id: string;
  head: Place;
  /** The last of those that were removed by age; the first kept one follows it. */
  cut?: Place;
}

/** A signed statement of all sequences at one moment: none of them may be shorter or other later. */
export interface Checkpoint {
  issued_at: string;
  chains: ChainState[];
  /** A detached JWS over the canonical JSON of the other fields. */
  signature: string;
}

export type CheckpointStatement = Omit<Checkpoint, 'signature'>;

export async function signCheckpoint(statement: CheckpointStatement, sign: Sign): Promise<Checkpoint> {
  return { ...statement, signature: await sign(canonicalBytes(statement), CHECKPOINT_TYPE) };
}
