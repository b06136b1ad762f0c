/** What a receipt shows of itself, found out here in the browser by the code that the command line runs. */
import { digestOf } from '../../../receipts/canonical.ts';
import { checkCheckpoint, checkReceipt, signatureCheck } from '../../../receipts/check.ts';
import type { Checkpoint } from '../../../receipts/checkpoint.ts';
import { type Receipt, type ReceiptResult, statementOf } from '../../../receipts/receipt.ts';
import { ApiError } from '../../api/api-error.ts';
import { checkpoint, hostKeys, type ReceiptInFull, receiptInFull } from '../../api/receipts.ts';
import { texts } from '../../texts.ts';

/** `unknown`: there is nothing to compare with. */
export interface Step {
  name: string;
  found: 'ok' | 'bad' | 'unknown';
  words: string;
}

const words = texts.receipts.proof;

/** Whether this page can check anything: browsers keep their cryptography from pages that others could change. */
export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined;

/** All steps of the proof of a final receipt. @throws ApiError */
export async function prove(full: ReceiptInFull): Promise<Step[]> {
  const { receipt, request, ...rest } = full;
  const result = resultOf(rest);
  const check = signatureCheck(await hostKeys());
  const [faults, before, signed] = await Promise.all([
    checkReceipt({ receipt, ...(request && { request }), ...(result && { result }) }, check),
    receiptBefore(receipt),
    checkpoint(),
  ]);
  const fault = (kind: string) => faults.find((each) => each.kind === kind)?.problem;
  const certified = await checkCheckpoint(signed, check);
  return [
    step(words.signature, fault('signature'), words.signatureOk(keyOf(receipt))),
    request === undefined
      ? unknown(words.request, words.requestGone)
      : step(words.request, fault('request_digest'), words.requestOk),
    result === undefined
      ? unknown(words.result, words.resultGone)
      : step(words.result, fault('result_digest'), words.resultOk),
    await chainStep(receipt, before),
    certified[0] === undefined
      ? await checkpointStep(receipt, signed)
      : { name: words.checkpoint, found: 'bad', words: certified[0].problem },
  ];
}

const step = (name: string, problem: string | undefined, good: string): Step =>
  problem === undefined ? { name, found: 'ok', words: good } : { name, found: 'bad', words: problem };

const unknown = (name: string, said: string): Step => ({ name, found: 'unknown', words: said });

const resultOf = (rest: ReceiptResult): ReceiptResult | undefined =>
  Object.keys(rest).length === 0 ? undefined : rest;

/** Which key a signature names; what it is worth is found out elsewhere. */
function keyOf({ signature = '' }: Receipt): string {
  try {
    const header = signature.split('.')[0]?.replaceAll('-', '+').replaceAll('_', '/') ?? '';
    return String(JSON.parse(atob(header)).kid);
  } catch {
    return '?';
  }
}

/** Undefined when there is none, or it is not this caller's to see. */
async function receiptBefore({ previous }: Receipt): Promise<Receipt | undefined> {
  if (!previous) return undefined;
  try {
    return (await receiptInFull(previous.receipt_id)).receipt;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function chainStep({ sequence = 0, previous }: Receipt, before: Receipt | undefined): Promise<Step> {
  const name = words.chain;
  if (previous === null && sequence === 1) return { name, found: 'ok', words: words.chainFirst };
  if (before === undefined) return unknown(name, words.chainHidden);
  const isIt = (await digestOf(statementOf(before))) === previous?.hash && before.sequence === sequence - 1;
  return isIt
    ? { name, found: 'ok', words: words.chainOk(sequence - 1) }
    : { name, found: 'bad', words: words.chainBroken(sequence - 1) };
}

async function checkpointStep(receipt: Receipt, { chains }: Checkpoint): Promise<Step> {
  const name = words.checkpoint;
  const head = chains.find(({ provider_id }) => provider_id === receipt.provider_id)?.head;
  const { sequence = 0 } = receipt;
  if (head === undefined || head.sequence < sequence)
    return { name, found: 'bad', words: words.checkpointShort };
  if (head.sequence > sequence) return { name, found: 'ok', words: words.checkpointOk(head.sequence) };
  return head.hash === (await digestOf(statementOf(receipt)))
    ? { name, found: 'ok', words: words.checkpointHead }
    : { name, found: 'bad', words: words.checkpointBroken };
}
