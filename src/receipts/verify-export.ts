/** Checks an export offline, line by line, in memory that does not grow with it. Runs in a browser too. */
import type { JSONWebKeySet } from 'jose';
import { digestOf } from './canonical.ts';
import { ChainWalk } from './chain-walk.ts';
import { checkCheckpoint, checkReceipt, type Fault, signatureCheck } from './check.ts';
import type { Checkpoint } from './checkpoint.ts';
import { provenCut } from './cut.ts';
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
    const faults = await checkCheckpoint(checkpoint, check).catch((error) => [unreadable(error)]);
    findings.push(...faults);
    if (faults.length === 0) walk.expect(checkpoint);
  };
  const examine = async (stored: StoredReceipt): Promise<{ faults: Fault[]; hash: string }> => {
    try {
      const faults = await checkReceipt(stored, check);
      return { faults, hash: await digestOf(statementOf(stored.receipt)) };
    } catch (error) {
      return { faults: [unreadable(error)], hash: '' };
    }
  };
  const take = async (batch: StoredReceipt[]) => {
    for (const [index, { faults, hash }] of (await Promise.all(batch.map(examine))).entries()) {
      const { receipt } = batch[index] as StoredReceipt;
      const { receipt_id, provider_id, sequence } = receipt;
      const named = { receipt_id, provider_id, ...(sequence === undefined ? {} : { sequence }) };
      findings.push(...faults.map((fault) => ({ ...named, ...fault })));
      walk.step(receipt, { hash, trusted: !faults.some(({ kind }) => UNPROVEN.has(kind)) });
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
    else if ('cut' in read)
      walk.beginAfter(read.cut, await provenCut(read.cut, check).catch(() => undefined));
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

/** What these are of is not believed. */
const UNPROVEN: ReadonlySet<Fault['kind']> = new Set(['signature', 'unreadable']);

/** As of what is nested without end. */
const unreadable = (error: unknown): Fault => ({
  kind: 'unreadable',
  problem: `cannot be read: ${error instanceof Error ? error.message : 'it is none of its kind'}`,
});

function readLine(line: unknown): ExportLine | undefined {
  if (!isObject(line)) return undefined;
  const { checkpoint, cut, receipt } = line;
  if (isObject(checkpoint) && Array.isArray(checkpoint.chains)) return line as { checkpoint: never };
  if (isObject(cut) && typeof cut.provider_id === 'string' && isPlaceIfAny(cut.place))
    return line as { cut: never };
  if (isObject(receipt) && isNamed(receipt)) return line as { receipt: never };
  return undefined;
}

const isNamed = ({ receipt_id, provider_id, sequence }: Record<string, unknown>): boolean =>
  typeof receipt_id === 'string' && typeof provider_id === 'string' && isNumberIfAny(sequence);

const isNumberIfAny = (sequence: unknown): boolean =>
  sequence === undefined || Number.isSafeInteger(sequence);

const isPlaceIfAny = (place: unknown): boolean =>
  place === undefined || (isObject(place) && Number.isSafeInteger(place.sequence));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
