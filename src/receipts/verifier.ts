import type { JSONWebKeySet } from 'jose';
import { messageOf } from '../errors.ts';
import { digestOf } from './canonical.ts';
import { type CheckSignature, checkReceipt, signatureCheck } from './check.ts';
import { provenCut } from './cut.ts';
import type { AgentRecords, CallRecord, ChainStore, PendingReceipt, VerdictStore } from './ports.ts';
import { type ReceiptResult, type StoredReceipt, statementOf } from './receipt.ts';

const AT_ONCE = 100;
/** One sweep ends some time, also when receipts come faster than they are checked. */
const MOST = 2_000;
const SWEEP_MS = 30_000;
/** At first; each time twice as long. */
const PUT_OFF_MS = 5 * 60_000;
/** An agent that could not be asked so often, over half a day, is not waited for any longer. */
const MAX_TRIES = 8;
/** So that agents that are slow do not stand in the way of the others. */
const AGENTS_AT_ONCE = 5;
const OF_AN_AGENT_AT_ONCE = 4;
const VERIFIER = 'verifier';
const MAX_REASON_LENGTH = 1_000;

export interface VerifierOptions {
  verdicts: VerdictStore;
  chains: ChainStore;
  records: AgentRecords;
  jwks: JSONWebKeySet;
}

/** What a sweep did, counted, and what it could not do. */
export interface VerifierReport {
  verified: number;
  failed: number;
  /** Their agent could not be asked; they are looked at again later. */
  putOff: number;
  problems: string[];
}

/**
 * One sweep over the receipts that wait for verification. Each is checked for real: its signature, its digests, its
 * place in the sequence, and its agent's own record of the task.
 */
export async function verifyPending(options: VerifierOptions): Promise<VerifierReport> {
  const report: VerifierReport = { verified: 0, failed: 0, putOff: 0, problems: [] };
  const check = signatureCheck(options.jwks);
  const until = Date.now() + SWEEP_MS;
  const judge = async (stored: PendingReceipt) => {
    if (Date.now() < until) await judgeOne(stored, { ...options, check }, report);
  };
  for (let seen = 0; seen < MOST && Date.now() < until; ) {
    const pending = await options.verdicts.pending(Math.min(AT_ONCE, MOST - seen));
    if (pending.length === 0) return report;
    seen += pending.length;
    await atOnce(AGENTS_AT_ONCE, byAgent(pending), (some) => atOnce(OF_AN_AGENT_AT_ONCE, some, judge));
  }
  return report;
}

function byAgent(pending: PendingReceipt[]): PendingReceipt[][] {
  const groups = new Map<string, PendingReceipt[]>();
  for (const stored of pending) {
    const { agent_id } = stored.receipt;
    groups.set(agent_id, [...(groups.get(agent_id) ?? []), stored]);
  }
  return [...groups.values()];
}

async function atOnce<T>(count: number, items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

async function judgeOne(
  stored: PendingReceipt,
  options: VerifierOptions & { check: CheckSignature },
  report: VerifierReport,
): Promise<void> {
  const { receipt_id } = stored.receipt;
  const { verdicts } = options;
  try {
    const { problems, unasked } = await problemsOf(stored, options);
    if (problems.length === 0 && unasked !== undefined) {
      if (!unasked.lasting && stored.tries + 1 < MAX_TRIES) {
        await verdicts.putOff(receipt_id, putOffMs(stored));
        report.putOff += 1;
        return;
      }
      if (!unasked.lasting) problems.push(`the agent’s own record could not be checked: ${unasked.reason}`);
    }
    const verification = problems.length === 0 ? 'verified' : 'failed';
    const reason = problems.length === 0 ? fits(stored, unasked) : problems.join('; ');
    await verdicts.judge(
      { receipt_id, verification, by: VERIFIER, reason: reason.slice(0, MAX_REASON_LENGTH) },
      true,
    );
    report[verification] += 1;
  } catch (error) {
    report.problems.push(`receipt ${receipt_id}: ${messageOf(error)}`);
    // Or it would stand before all others for ever.
    await verdicts.putOff(receipt_id, putOffMs(stored));
  }
}

const putOffMs = ({ tries }: PendingReceipt): number => PUT_OFF_MS * 2 ** Math.min(tries, MAX_TRIES);

/** Where the agent wants a credential that is not kept, the receipt's own proof is all there is; the verdict says so. */
function fits({ receipt }: StoredReceipt, unasked: Unasked | undefined): string {
  const proof = 'signature, digests and sequence are right';
  if (unasked !== undefined) return `${proof}; the agent could not be asked: ${unasked.reason}`;
  return receipt.task_id === undefined ? proof : `${proof}, and the agent has the task`;
}

type Unasked = Extract<CallRecord, { record: 'unknown' }>;

/** All that is wrong with it; `unasked` when its agent could not be asked. */
async function problemsOf(
  stored: StoredReceipt,
  { chains, records, check }: VerifierOptions & { check: CheckSignature },
): Promise<{ problems: string[]; unasked: Unasked | undefined }> {
  const { receipt } = stored;
  const proof = await proofProblems(stored, chains, check);
  const called = receipt.task_id !== undefined && receipt.policy.decision === 'allow';
  const record = called ? await records.ofTask(stored) : undefined;
  const told = record && (await recordProblem(stored, record));
  return {
    problems: told === undefined ? proof : [...proof, told],
    unasked: record?.record === 'unknown' ? record : undefined,
  };
}

/** All that is wrong with a receipt's own proof: its signature, its digests, its place in the sequence. */
export async function proofProblems(
  stored: StoredReceipt,
  chains: ChainStore,
  check: CheckSignature,
): Promise<string[]> {
  const faults = (await checkReceipt(stored, check)).map(({ problem }) => problem);
  if (stored.receipt.status === 'running') return faults;
  const chained = await chainProblem(stored, chains, check);
  return chained === undefined ? faults : [...faults, chained];
}

/** It must stand where the one after it says, and after the one whose hash it carries. */
async function chainProblem(
  { receipt }: StoredReceipt,
  chains: ChainStore,
  check: CheckSignature,
): Promise<string | undefined> {
  const { provider_id, sequence, previous } = receipt;
  if (sequence === undefined) return 'it has no place in its provider’s sequence';
  const place = await chains.placeAt(provider_id, sequence);
  if (place === undefined) return `number ${sequence + 1}, which follows it, is missing`;
  if (place.hash !== (await digestOf(statementOf(receipt)))) return 'what follows it was chained to another';
  const [before] = await chains.following(provider_id, sequence - 2, 1);
  if (before !== undefined && before.receipt.sequence === sequence - 1) {
    const hash = await digestOf(statementOf(before.receipt));
    return hash === previous?.hash ? undefined : 'it was chained to another than the one before it';
  }
  if (sequence === 1) return previous === null ? undefined : 'it is the first and was chained to another';
  const { chains: states } = await chains.chains();
  const recorded = states.find((state) => state.provider_id === provider_id)?.cut;
  const cut = recorded && (await provenCut(recorded, check))?.cut;
  if (cut !== undefined && cut.sequence >= sequence - 1) {
    return cut.sequence > sequence - 1 || cut.hash === previous?.hash
      ? undefined
      : 'it does not follow the cut';
  }
  const unproven =
    recorded === undefined ? '' : ', and no checkpoint that the host signed says it was cut off';
  return `number ${sequence - 1}, before it, is missing${unproven}`;
}

/** An end never changes: what the agent says of an ended task must be what the receipt has of it. */
async function recordProblem({ result }: StoredReceipt, record: CallRecord): Promise<string | undefined> {
  if (record.record === 'absent') return 'the agent has no such task';
  const status = result?.output?.status;
  if (result === undefined || !ENDED.has(String(status))) return undefined;
  if (record.record === 'open') return `the agent’s task is still running, and the receipt says ${status}`;
  if (record.record !== 'ended') return undefined;
  if (record.result.output?.status !== status) {
    return `the agent’s task is ${record.result.output?.status}, and the receipt says ${status}`;
  }
  const same = (await digestOf(outcomeOf(record.result))) === (await digestOf(outcomeOf(result)));
  return same ? undefined : 'the output is not the one the agent’s task has';
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled', 'rejected']);

const outcomeOf = ({ output }: ReceiptResult) => ({ status: output?.status, output: output?.output });
