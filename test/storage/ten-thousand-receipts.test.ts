/** What is done to one of 10,000 receipts behind the host's back, in the database itself, is named by the offline verifier. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { exportReceipts } from '../../src/receipts/export.ts';
import type { StoredReceipt } from '../../src/receipts/receipt.ts';
import { verifyExport } from '../../src/receipts/verify-export.ts';
import { parseSigningKeys, type SigningKeys } from '../../src/signing/keys.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { exportOf, jwksOf } from '../support/memory-receipts.ts';
import { collectAll, receiptGround } from '../support/receipts.ts';
import { newSigningKey } from '../support/signing-key.ts';

const COUNT = 10_000;

let database: TestDatabase;
let keys: SigningKeys;
/** By their numbers; there is no number 0. */
let receipts: StoredReceipt[];

beforeAll(async () => {
  database = await startTestDatabase();
  keys = await parseSigningKeys(newSigningKey(), 'test');
  receipts = (await exportOf(keys, { local: COUNT })) as StoredReceipt[];
}, 120_000);

afterAll(() => database?.stop());

beforeEach(async () => {
  const { prisma } = database;
  const rows = JSON.stringify(
    receipts.slice(1).map(({ receipt: { receipt_id, previous, policy, ...receipt }, request, result }) => ({
      ...receipt,
      id: receipt_id,
      previous_id: previous?.receipt_id,
      previous_hash: previous?.hash,
      message_id: receipt_id,
      verify_tries: 0,
      ...{ policy, request, result },
    })),
  );
  await prisma.$executeRaw`truncate receipt, receipt_chain, receipt_verdict`;
  await prisma.$executeRaw`
    insert into receipt select * from jsonb_populate_recordset(null::receipt, ${rows}::jsonb)`;
  const { checkpoint } = receipts[0] as unknown as {
    checkpoint: { chains: { head: Record<string, string> }[] };
  };
  const { sequence, receipt_id, hash } = checkpoint.chains[0]?.head ?? {};
  await prisma.$executeRaw`
    insert into receipt_chain (provider_id, sequence, receipt_id, hash)
    values ('local', ${sequence}::bigint, ${receipt_id}::uuid, ${hash})`;
});

async function verified() {
  const { ledger, proofs } = await receiptGround(database.prisma, keys);
  const lines = await collectAll(exportReceipts(ledger, proofs));
  const { receipts: read, findings } = await verifyExport(lines, { jwks: jwksOf(keys) });
  return { read, findings: findings.map(({ kind, sequence }) => [kind, sequence]) };
}

it.runIf(process.env.FULL)('nobody has touched them', async () => {
  expect(await verified()).toEqual({ read: COUNT, findings: [] });
});

it('one byte of one is changed, another is deleted, two have changed places', {
  timeout: 60_000,
}, async () => {
  const { prisma } = database;
  await prisma.$executeRaw`
    update receipt set caller = overlay(caller placing 'b' from 1 for 1) where sequence = 1234`;
  await prisma.$executeRaw`delete from receipt where sequence = 5678`;
  await prisma.$executeRaw`update receipt set sequence = -sequence where sequence in (8000, 9000)`;
  await prisma.$executeRaw`update receipt set sequence = 17000 + sequence where sequence < 0`;
  expect(await verified()).toEqual({
    read: COUNT - 1,
    findings: [
      ['signature', 1234],
      ['signature', 8000],
      ['signature', 9000],
      ['missing', 5678],
    ],
  });
});

it.runIf(process.env.FULL).each([
  ['the first', 1],
  ['one in the middle', 5_000],
  ['the newest', COUNT],
])('%s is deleted, and %i is missed', async (_name, number) => {
  await database.prisma.$executeRaw`delete from receipt where sequence = ${number}::bigint`;
  expect(await verified()).toMatchObject({ read: COUNT - 1, findings: [['missing', number]] });
});

it.runIf(process.env.FULL)('the bodies of two have changed places', async () => {
  await database.prisma.$executeRaw`
    update receipt r set result = other.result from receipt other
    where (r.sequence, other.sequence) in ((3000, 7000), (7000, 3000))`;
  expect(await verified()).toMatchObject({
    findings: [
      ['result_digest', 3000],
      ['result_digest', 7000],
    ],
  });
});
