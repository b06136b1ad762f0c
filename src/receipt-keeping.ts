import type { JSONWebKeySet } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { LocalRecords } from './gateway/local-records.ts';
import { withKillPoint } from './kill-points.ts';
import type { Metrics } from './metrics.ts';
import { signatureCheck } from './receipts/check.ts';
import { ReceiptLedger } from './receipts/ledger.ts';
import type { AgentRecords, RunningReceipt } from './receipts/ports.ts';
import { type Retention, removeOld } from './receipts/retention.ts';
import { type SettleReport, settleCalls, settleReceipts } from './receipts/settle.ts';
import { type VerifierReport, verifyPending } from './receipts/verifier.ts';
import { detachedSigner } from './signing/detached.ts';
import type { SigningKeys } from './signing/keys.ts';
import { PrismaCallStore } from './storage/call-store.ts';
import { PrismaCallTasks } from './storage/call-tasks.ts';
import { forgetForeignNames } from './storage/foreign-names.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaReceiptProofs } from './storage/receipt-proofs.ts';
import { PrismaReceiptStore } from './storage/receipt-store.ts';
import type { TaskStore } from './tasks/ports.ts';
import { traceId } from './tracing/steps.ts';

/** Longer than the statements between a receipt's opening and the acceptance of its message can take. */
const DEAD_AFTER_MS = 30_000;

const BEGIN_AGAIN_MS = 60_000;

export interface ReceiptKeeping {
  store: PrismaReceiptStore;
  verdicts: PrismaReceiptProofs;
  calls: PrismaCallStore;
  ledger: ReceiptLedger;
  records: AgentRecords;
  /** Makes receipts final as far as their agents know of an end. */
  settle(calls: RunningReceipt[]): Promise<void>;
  /** One sweep of the verifier. */
  verify(): Promise<VerifierReport>;
  /** Removes what is older than the settings keep it. */
  removeOld(): Promise<void>;
  /** One sweep: settles what a death left running, verifies what waits for it. */
  sweep(): Promise<void>;
}

export interface ReceiptParts {
  db: PrismaClient;
  tasks: TaskStore;
  signing: SigningKeys;
  invokeTimeoutMs: number;
  asyncDeadlineMs: number;
  retention: Retention;
  /** What the agents know of their calls. */
  records(local: AgentRecords): AgentRecords;
  /** Has an asynchronous call made. */
  begin(receiptId: string): Promise<void>;
  /** Where a test ends the process; see `withKillPoint`. */
  killAt: string | undefined;
  metrics: Metrics;
  log: Logger;
}

/** Everything about receipts, put together. */
export function createReceipts(parts: ReceiptParts): ReceiptKeeping {
  const { db, tasks, signing, metrics, log, killAt, begin, asyncDeadlineMs, invokeTimeoutMs } = parts;
  const store = withKillPoint(new PrismaReceiptStore(db, traceId), killAt);
  const proofs = new PrismaReceiptProofs(db);
  const records = parts.records(new LocalRecords(new PrismaCallTasks(db, tasks)));
  const jwks = { keys: signing.publicJwks } as JSONWebKeySet;
  const ledger = new ReceiptLedger({
    store,
    chains: proofs,
    sign: detachedSigner(signing),
    check: signatureCheck(jwks),
  });
  const begun = new LRUCache<string, true>({ max: 10_000, ttl: BEGIN_AGAIN_MS });
  const settling = {
    ledger,
    records,
    // Its workflow is there as a rule: it is not asked for with every sweep.
    begin: async (receiptId: string) => {
      if (begun.has(receiptId)) return;
      await begin(receiptId);
      begun.set(receiptId, true);
    },
    asyncDeadlineMs,
    deadAfterMs: DEAD_AFTER_MS,
    lostAfterMs: invokeTimeoutMs + DEAD_AFTER_MS,
  };
  const verify = () => verifyPending({ verdicts: proofs, chains: proofs, records, jwks });
  return {
    store,
    verdicts: proofs,
    calls: new PrismaCallStore(db),
    ledger,
    records,
    settle: async (calls) => {
      const report: SettleReport = { settled: 0, problems: [] };
      await settleCalls(calls, settling, report);
      const [problem] = report.problems;
      if (problem !== undefined) throw new Error(problem);
    },
    verify,
    removeOld: async () => {
      const { problems, ...removed } = await removeOld({ ledger, chains: proofs }, parts.retention);
      if (problems.length > 0) log.warn({ problems }, 'old receipts could not be removed');
      if (removed.receipts + removed.bodies > 0)
        log.info(removed, 'old receipts, and bodies of receipts, are removed');
      const { receiptsMs } = parts.retention;
      if (receiptsMs !== undefined) await forgetForeignNames(db, receiptsMs);
    },
    sweep: async () => {
      const settled = await settleReceipts({ running: store, ...settling });
      const checked = await verify();
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
