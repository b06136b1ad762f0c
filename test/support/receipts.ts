import { randomUUID } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { signatureCheck } from '../../src/receipts/check.ts';
import { ReceiptLedger } from '../../src/receipts/ledger.ts';
import type { Ending, NewReceipt, Receipt } from '../../src/receipts/receipt.ts';
import { detachedSigner } from '../../src/signing/detached.ts';
import { parseSigningKeys, type SigningKeys } from '../../src/signing/keys.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaReceiptProofs } from '../../src/storage/receipt-proofs.ts';
import { PrismaReceiptStore } from '../../src/storage/receipt-store.ts';
import { newSigningKey } from './signing-key.ts';

/** A call of which a test says only what it is about. */
export const newReceiptOf = (given: Partial<NewReceipt> = {}): NewReceipt => ({
  agent_id: 'echo',
  provider_id: 'local',
  caller: 'alice',
  invoke_mode: 'sync',
  cost_units: 0,
  policy: { decision: 'allow', risk_level: 'low', review_version: 'sha256:0' },
  request: { message: 'hello' },
  message_id: randomUUID(),
  ...given,
});

export const endingOf = (
  { receipt_id, provider_id }: Pick<Receipt, 'receipt_id' | 'provider_id'>,
  given: Partial<Ending> = {},
): Ending => ({
  receipt_id,
  provider_id,
  status: 'succeeded',
  result: { output: { status: 'completed', output: { text: `hello ${receipt_id}` } } },
  ...given,
});

export interface ReceiptGround {
  keys: SigningKeys;
  jwks: JSONWebKeySet;
  store: PrismaReceiptStore;
  proofs: PrismaReceiptProofs;
  ledger: ReceiptLedger;
  /** A call from its beginning to its end. */
  call(given?: Partial<NewReceipt>, ending?: Partial<Ending>): Promise<Receipt>;
}

/** Receipts on a real Postgres. */
export async function receiptGround(db: PrismaClient, keys?: SigningKeys): Promise<ReceiptGround> {
  const signing = keys ?? (await parseSigningKeys(newSigningKey(), 'test'));
  const store = new PrismaReceiptStore(db);
  const proofs = new PrismaReceiptProofs(db);
  const jwks = { keys: signing.publicJwks } as JSONWebKeySet;
  const check = signatureCheck(jwks);
  const ledger = new ReceiptLedger({ store, chains: proofs, sign: detachedSigner(signing), check });
  return {
    keys: signing,
    jwks,
    store,
    proofs,
    ledger,
    call: async (given, ending) => ledger.finish(endingOf(await ledger.open(newReceiptOf(given)), ending)),
  };
}

export async function collectAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
