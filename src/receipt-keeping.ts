import type { JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { LocalRecords } from './gateway/local-records.ts';
import type { Metrics } from './metrics.ts';
import { ReceiptLedger } from './receipts/ledger.ts';
import { settleReceipts } from './receipts/settle.ts';
import { verifyPending } from './receipts/verifier.ts';
import { detachedSigner } from './signing/detached.ts';
import type { SigningKeys } from './signing/keys.ts';
import { PrismaCallTasks } from './storage/call-tasks.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaReceiptProofs } from './storage/receipt-proofs.ts';
import { PrismaReceiptStore } from './storage/receipt-store.ts';
import type { TaskStore } from './tasks/ports.ts';

/** Longer than the statements between a receipt's opening and the acceptance of its message can take. */
const DEAD_AFTER_MS = 30_000;

export interface ReceiptKeeping {
  /** One sweep: settles what a death left running, verifies what waits for it. */
  sweep(): Promise<void>;
}

/** Everything about receipts, put together. */
export function createReceipts({
  db,
  tasks,
  signing,
  metrics,
  log,
}: {
  db: PrismaClient;
  tasks: TaskStore;
  signing: SigningKeys;
  metrics: Metrics;
  log: Logger;
}): ReceiptKeeping {
  const running = new PrismaReceiptStore(db);
  const proofs = new PrismaReceiptProofs(db);
  const ledger = new ReceiptLedger({ store: running, chains: proofs, sign: detachedSigner(signing) });
  const records = new LocalRecords(new PrismaCallTasks(db, tasks));
  const jwks = { keys: signing.publicJwks } as JSONWebKeySet;
  return {
    sweep: async () => {
      const settled = await settleReceipts({ running, ledger, records, deadAfterMs: DEAD_AFTER_MS });
      const checked = await verifyPending({ verdicts: proofs, chains: proofs, records, jwks });
      const problems = [...settled.problems, ...checked.problems];
      metrics.receiptsSwept({
        settled: settled.settled,
        verified: checked.verified,
        failed: checked.failed,
        put_off: checked.putOff,
        problem: problems.length,
      });
      if (problems.length > 0) log.warn({ problems }, 'the receipt sweep could not do everything');
    },
  };
}
