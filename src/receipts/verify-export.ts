/** Checks an export offline, line by line, in memory that does not grow with it. Runs in a browser too. */
import type { JSONWebKeySet } from 'jose';
import { digestOf } from './canonical.ts';
import { ChainWalk } from './chain-walk.ts';
import { checkCheckpoint, checkReceipt, type Fault, signatureCheck } from './check.ts';
import type { Checkpoint } from './checkpoint.ts';
import { provenCut, type RecordedCut } from './cut.ts';
import type { ExportLine } from './export.ts';
import { type StoredReceipt, statementOf } from './receipt.ts';

/** A fault and the receipt it is of; of a missing one the id is known when its follower is there. */
export interface Finding extends Fault {
  receipt_id?: string;
  provider_id?: string;
  sequence?: number;
}

export interface Verification {
  receipts: number;
  findings: Finding[];
}

export interface VerifyOptions {
  jwks: JSONWebKeySet;
  /** Kept from before: what these say must still be so. */
  checkpoints?: Checkpoint[];
  /** Whether receipts of providers that no line is of may be absent: the export was made of one provider. */
  onlyProvider?: string;
}

/** Checked at once: signatures are made of work that other threads do. */
const AT_ONCE = 64;

/** Checks signatures, digests and each sequence, in which nothing may be missing, changed or moved. */
export async function verifyExport(
  lines: AsyncIterable<unknown> | Iterable<unknown>,
  { jwks, checkpoints = [], onlyProvider }: VerifyOptions,
): Promise<Verification> {
  const check = signatureCheck(jwks);
  const walk = new ChainWalk(onlyProvider);
  const findings: Finding[] = [];
  let receipts = 0;

  const hear = async (checkpoint: Checkpoint) => {
    const faults = await checkCheckpoint(checkpoint, check);
    findings.push(...faults);
    if (faults.length === 0) walk.expect(checkpoint);
  };
  const examine = async (stored: StoredReceipt) => ({
    stored,
    faults: await checkReceipt(stored, check),
    hash: await digestOf(statementOf(stored.receipt)),
  });
  const take = async (batch: StoredReceipt[]) => {
    for (const { stored, faults, hash } of await Promise.all(batch.map(examine))) {
      const { receipt_id, provider_id, sequence } = stored.receipt;
      const named = { receipt_id, provider_id, ...(sequence === undefined ? {} : { sequence }) };
      findings.push(...faults.map((fault) => ({ ...named, ...fault })));
      walk.step(stored.receipt, { hash, trusted: !faults.some(({ kind }) => kind === 'signature') });
    }
  };

  for (const checkpoint of checkpoints) await hear(checkpoint);
  let batch: StoredReceipt[] = [];
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const read = readLine(line);
    if (read === undefined) {
      findings.push({ kind: 'unreadable', problem: `line ${number} is neither a receipt nor a checkpoint` });
    } else if ('checkpoint' in read) await hear(read.checkpoint);
    else if ('cut' in read) walk.beginAfter(read.cut, await provenCut(read.cut, check));
    else {
      receipts += 1;
      batch.push(read);
      if (batch.length >= AT_ONCE) await take(batch.splice(0));
    }
  }
  await take(batch);
  batch = [];
  const faulty = new Set(findings.map(({ receipt_id }) => receipt_id));
  // A receipt whose own number was changed is not missing from where it should be.
  findings.push(
    ...walk.end().filter(({ kind, receipt_id }) => kind !== 'missing' || !faulty.has(receipt_id)),
  );
  return { receipts, findings };
}

function readLine(line: unknown): ExportLine | undefined {
  if (typeof line !== 'object' || line === null) return undefined;
  const { checkpoint, cut, receipt } = line as { checkpoint?: unknown; cut?: unknown; receipt?: unknown };
  if (isObject(checkpoint) && Array.isArray(checkpoint.chains)) return line as { checkpoint: Checkpoint };
  if (isObject(cut) && typeof cut.provider_id === 'string') return line as { cut: RecordedCut };
  if (isObject(receipt) && typeof receipt.receipt_id === 'string') return line as StoredReceipt;
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
