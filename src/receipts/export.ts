import type { Checkpoint } from './checkpoint.ts';
import type { RecordedCut } from './cut.ts';
import type { ReceiptLedger } from './ledger.ts';
import type { ChainStore } from './ports.ts';
import type { StoredReceipt } from './receipt.ts';

const AT_ONCE = 200;

/**
 * A line of an export: first the checkpoint, then what proves the cuts, then every receipt up to the checkpoint, in the
 * order of each sequence.
 */
export type ExportLine = { checkpoint: Checkpoint } | { cut: RecordedCut } | StoredReceipt;

/** All final receipts with what is kept of their bodies, and how far their sequences reach. */
export async function* exportReceipts(
  ledger: ReceiptLedger,
  store: ChainStore,
  only: { providerId?: string } = {},
): AsyncGenerator<ExportLine, void, undefined> {
  const { checkpoint, cuts } = await ledger.reach();
  yield { checkpoint };
  for (const cut of cuts) {
    if (only.providerId === undefined || only.providerId === cut.provider_id) yield { cut };
  }
  for (const { provider_id, head, cut } of checkpoint.chains) {
    if (only.providerId !== undefined && only.providerId !== provider_id) continue;
    let after = cut?.sequence ?? 0;
    while (after < head.sequence) {
      const page = await store.following(provider_id, after, Math.min(AT_ONCE, head.sequence - after));
      // What was removed meanwhile is missing, and the verifier says so.
      if (page.length === 0) break;
      for (const stored of page) {
        if ((stored.receipt.sequence ?? 0) <= head.sequence) yield stored;
      }
      after = page.at(-1)?.receipt.sequence ?? head.sequence;
    }
  }
}
