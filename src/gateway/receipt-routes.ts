import { type Request, Router } from 'express';
import type { Logger } from 'pino';
import { isAdmin } from '../auth/caller.ts';
import { callerOf } from '../auth/guard.ts';
import { claimOf, idempotent, onceFor } from '../idempotency/middleware.ts';
import type { KeyStore } from '../idempotency/ports.ts';
import { exportReceipts } from '../receipts/export.ts';
import type { ReceiptLedger } from '../receipts/ledger.ts';
import type { ChainStore, ReceiptCursor, ReceiptStore, VerdictStore } from '../receipts/ports.ts';
import type { StoredReceipt } from '../receipts/receipt.ts';
import type { VerifierReport } from '../receipts/verifier.ts';
import { readPlace, writePlace } from '../web/page-token.ts';
import { body, callerId, handler, named, refuseKey, SMALL_BODY } from './answers.ts';
import { GatewayError, invalidRequest } from './gateway-error.ts';
import { sendLines } from './lines.ts';
import { exportQuerySchema } from './overview-schemas.ts';
import {
  parseBody,
  type ReceiptListRequest,
  receiptGetSchema,
  receiptQuerySchema,
  verdictSchema,
} from './requests.ts';

export interface ReceiptRoutesOptions {
  receipts: ReceiptStore;
  verdicts: VerdictStore;
  chains: ChainStore;
  ledger: ReceiptLedger;
  /** One sweep of the verifier, now. */
  verify(): Promise<VerifierReport>;
  keys: KeyStore;
  log: Logger;
}

/** Receipts: a caller sees those of its own calls, an admin all. */
export function receiptRoutes(options: ReceiptRoutesOptions): Router {
  const { receipts, verdicts, chains, ledger, keys, log } = options;
  const router = Router();
  const once = idempotent({ store: keys, refuse: refuseKey, log }, 'itself');
  router.get(
    '/receipts',
    handler(log, async (req, res) => {
      const query = parseBody(receiptQuerySchema, { ...req.query });
      const page = await receipts.list({ ...ownOnly(req), ...queryOf(query) });
      res.json({ receipts: page.receipts, next_cursor: page.next ? writeCursor(page.next) : null });
    }),
  );
  router.get(
    '/receipts/checkpoint',
    handler(log, async (_req, res) => {
      res.json(await ledger.checkpoint());
    }),
  );
  router.get(
    '/receipts/export',
    handler(log, async (req, res) => {
      const { provider_id } = parseBody(exportQuerySchema, { ...req.query });
      const only = provider_id === undefined ? {} : { providerId: provider_id };
      await sendLines(res, exportReceipts(ledger, chains, only), { name: 'receipts.jsonl', log });
    }),
  );
  router.get(
    '/receipts/:receipt_id',
    handler(log, async (req, res) => {
      const { include_request } = parseBody(receiptGetSchema, { ...req.query });
      res.json(shown(await found(req, receipts), include_request));
    }),
  );
  router.get(
    '/receipts/:receipt_id/verifications',
    handler(log, async (req, res) => {
      const { receipt } = await found(req, receipts);
      res.json({ verifications: await verdicts.verdicts(receipt.receipt_id) });
    }),
  );
  router.post(
    '/receipts/:receipt_id/verify',
    body(SMALL_BODY),
    once,
    handler(log, async (req, res) => {
      const { receipt } = await found(req, receipts);
      const given = parseBody(verdictSchema, req.body);
      const verdict = { receipt_id: receipt.receipt_id, by: callerId(req), ...given };
      const judged = await onceFor(claimOf(req), (claim) => verdicts.judge(verdict, false, claim));
      if (judged === undefined)
        throw new GatewayError(409, 'receipt_running', 'The receipt is still running');
      res.json(judged);
    }),
  );
  router.post(
    '/verifier/run',
    once,
    handler(log, async (_req, res) => {
      const { verified, failed, putOff, problems } = await options.verify();
      res.json({ verified, failed, put_off: putOff, problems: problems.length });
    }),
  );
  return router;
}

/** Another caller's receipt does not exist. */
async function found(req: Request, receipts: ReceiptStore): Promise<StoredReceipt> {
  const { caller } = ownOnly(req);
  const stored = await receipts.find(named(req, 'receipt_id'), caller);
  if (stored === undefined) throw new GatewayError(404, 'receipt_not_found', 'Receipt not found');
  return stored;
}

function ownOnly(req: Request): { caller?: string } {
  const caller = callerOf(req);
  return isAdmin(caller) ? {} : { caller: caller.id };
}

const shown = ({ receipt, request, result }: StoredReceipt, withRequest: boolean) => ({
  receipt,
  ...result,
  ...(withRequest && request !== undefined ? { request } : {}),
});

function queryOf(query: ReceiptListRequest) {
  const { agent_id, provider_id, status, verification, invoke_mode, limit, cursor } = query;
  return {
    limit,
    ...(agent_id === undefined ? {} : { agentId: agent_id }),
    ...(provider_id === undefined ? {} : { providerId: provider_id }),
    ...(status === undefined ? {} : { status }),
    ...(verification === undefined ? {} : { verification }),
    ...(invoke_mode === undefined ? {} : { invokeMode: invoke_mode }),
    ...(cursor === undefined ? {} : { cursor: readCursor(cursor) }),
  };
}

const writeCursor = ({ startedAt: at, id }: ReceiptCursor): string => writePlace({ at, id });

function readCursor(text: string): ReceiptCursor {
  const place = readPlace(text);
  if (place === undefined) throw invalidRequest('cursor: is not one this list gave');
  return { startedAt: place.at, id: place.id };
}
