import type { JSONWebKeySet } from 'jose';
import { signatureCheck } from '../../src/receipts/check.ts';
import { type ExportLine, exportReceipts } from '../../src/receipts/export.ts';
import { ReceiptLedger } from '../../src/receipts/ledger.ts';
import type { ChainStore, ReceiptStore } from '../../src/receipts/ports.ts';
import type { Place, StoredReceipt } from '../../src/receipts/receipt.ts';
import { detachedSigner } from '../../src/signing/detached.ts';
import type { SigningKeys } from '../../src/signing/keys.ts';
import { collectAll, endingOf, newReceiptOf } from './receipts.ts';

/** The little of a record that it takes to make an export. */
class MemoryReceipts
  implements Pick<ReceiptStore, 'open' | 'finish'>, Pick<ChainStore, 'chains' | 'following'>
{
  readonly #receipts = new Map<string, StoredReceipt>();
  readonly #heads = new Map<string, Place>();
  #seconds = 0;

  async open(...[receipt, { request }]: Parameters<ReceiptStore['open']>): Promise<string> {
    const started_at = this.#now();
    this.#receipts.set(receipt.receipt_id, { receipt: { ...receipt, started_at }, request });
    return started_at;
  }

  async finish(...[providerId, ids, seal]: Parameters<ReceiptStore['finish']>) {
    const running = ids.flatMap((id) => this.#receipts.get(id)?.receipt ?? []);
    const sealed = await seal({ running, head: this.#heads.get(providerId), at: this.#now() });
    for (const { receipt, result, place } of sealed) {
      const { request } = this.#receipts.get(receipt.receipt_id) ?? {};
      this.#receipts.set(receipt.receipt_id, { receipt, result, ...(request && { request }) });
      this.#heads.set(providerId, place);
    }
    return sealed.map(({ receipt }) => receipt);
  }

  async chains() {
    const chains = [...this.#heads].map(([provider_id, head]) => ({ provider_id, head }));
    return { at: this.#now(), chains };
  }

  async following(providerId: string, after: number, limit: number): Promise<StoredReceipt[]> {
    return [...this.#receipts.values()]
      .filter(({ receipt }) => receipt.provider_id === providerId && (receipt.sequence ?? 0) > after)
      .sort((a, b) => (a.receipt.sequence ?? 0) - (b.receipt.sequence ?? 0))
      .slice(0, limit);
  }

  #now(): string {
    this.#seconds += 1;
    return new Date(Date.UTC(2026, 0, 1, 0, 0, this.#seconds)).toISOString();
  }
}

/** The export of a record with this many receipts of each provider. */
export async function exportOf(keys: SigningKeys, counts: Record<string, number>): Promise<ExportLine[]> {
  const store = new MemoryReceipts() as unknown as ReceiptStore & ChainStore;
  const check = signatureCheck(jwksOf(keys));
  const ledger = new ReceiptLedger({ store, chains: store, sign: detachedSigner(keys), check });
  for (const [provider_id, count] of Object.entries(counts)) {
    const open = await Promise.all(
      Array.from({ length: count }, () => ledger.open(newReceiptOf({ provider_id }))),
    );
    await Promise.all(open.map((each) => ledger.finish(endingOf(each))));
  }
  return collectAll(exportReceipts(ledger, store));
}

export const jwksOf = ({ publicJwks }: SigningKeys): JSONWebKeySet => ({ keys: publicJwks }) as JSONWebKeySet;
