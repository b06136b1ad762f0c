import type { ReceiptLedger } from './ledger.ts';
import type { ChainStore } from './ports.ts';

const AT_ONCE = 1_000;
/** One sweep ends some time; the next goes on. */
const MOST = 50_000;

/** How long receipts are kept after they became final; for ever where it is not said. */
export interface Retention {
  /** What was asked and answered. The receipt and its digests stay. */
  bodiesMs?: number | undefined;
  /** The receipts themselves. A signed checkpoint of where each sequence was cut stays. */
  receiptsMs?: number | undefined;
}

/**
 * Removes what is older than that, by the record's own clock. What is not verified yet keeps its bodies until it is.
 * @returns how many were removed of each, and what could not be.
 */
export async function removeOld(
  { ledger, chains }: { ledger: ReceiptLedger; chains: ChainStore },
  { bodiesMs, receiptsMs }: Retention,
): Promise<{ receipts: number; bodies: number; problems: string[] }> {
  const removed = { receipts: 0, bodies: 0, problems: [] as string[] };
  if (bodiesMs === undefined && receiptsMs === undefined) return removed;
  const { at } = await chains.chains();
  const before = (ms: number) => new Date(Date.parse(at) - ms);
  if (receiptsMs !== undefined) {
    const cut = await ledger.cut(before(receiptsMs), MOST);
    removed.receipts = cut.removed;
    removed.problems = cut.problems;
  }
  if (bodiesMs === undefined) return removed;
  let count: number;
  do {
    count = await chains.removeBodies(before(bodiesMs), AT_ONCE);
    removed.bodies += count;
  } while (count === AT_ONCE && removed.bodies < MOST);
  return removed;
}
