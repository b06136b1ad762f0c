/** What is cut off by age, and what proves it. Pure, and of the web platform alone: it runs in a browser too. */
import { type CheckSignature, checkCheckpoint } from './check.ts';
import type { ChainState, Checkpoint } from './checkpoint.ts';
import type { Place } from './receipt.ts';

/** Where the record says that a sequence was cut, and the checkpoint that was signed when it was, as it was stored. */
export interface RecordedCut {
  provider_id: string;
  /** The last of those that were removed; absent when the record says nothing. */
  place?: Place;
  checkpoint?: Checkpoint;
}

/** A sequence whose cut is proved. */
export type CutState = ChainState & { cut: Place };

/**
 * What the checkpoint of a cut proves: undefined when it is none of this provider's, or the host's keys have not signed
 * it. What the record itself says of a cut proves nothing.
 */
export async function provenCut(
  { provider_id, checkpoint }: RecordedCut,
  check: CheckSignature,
): Promise<CutState | undefined> {
  if (!Array.isArray(checkpoint?.chains) || checkpoint.chains.length !== 1) return undefined;
  const [state] = checkpoint.chains;
  if (state?.cut === undefined || state.provider_id !== provider_id) return undefined;
  const faults = await checkCheckpoint(checkpoint, check);
  return faults.length === 0 ? (state as CutState) : undefined;
}

export const isSamePlace = (one: Place, other: Place): boolean =>
  one.sequence === other.sequence && one.receipt_id === other.receipt_id && one.hash === other.hash;
