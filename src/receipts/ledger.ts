import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { canonicalBytes, digestOf, hashOf } from './canonical.ts';
import { type CheckSignature, checkReceipt } from './check.ts';
import { type ChainState, type Checkpoint, RECEIPT_TYPE, signCheckpoint } from './checkpoint.ts';
import { type CutState, provenCut, type RecordedCut } from './cut.ts';
import type { ChainStore, ReceiptStore, RecordedChain, SealedReceipt, Sign, ToSeal } from './ports.ts';
import {
  type Ending,
  type FinalReceipt,
  firstVerification,
  isFinalReceipt,
  type NewReceipt,
  type Receipt,
  type StoredReceipt,
  statementOf,
  withoutSecrets,
} from './receipt.ts';

/** Made final together at the most: what waits meanwhile goes with the next. */
const AT_ONCE = 100;
const CUT_AT_ONCE = 1_000;

export interface LedgerOptions {
  store: ReceiptStore;
  chains: ChainStore;
  sign: Sign;
  /** By the host's own keys, old ones included. */
  check: CheckSignature;
}

/** All sequences at one moment, signed, and what the record has of their cuts. */
export interface Reach {
  checkpoint: Checkpoint;
  cuts: RecordedCut[];
}

interface Waiting {
  ending: Ending;
  done(receipt: FinalReceipt): void;
  failed(error: unknown): void;
}

/**
 * Opens receipts and makes them final. A provider's receipts become final one after the other, each carrying the hash of
 * the one before; those that end while the record is written to are written together.
 */
export class ReceiptLedger {
  readonly #store: ReceiptStore;
  readonly #chains: ChainStore;
  readonly #sign: Sign;
  readonly #check: CheckSignature;
  readonly #waiting = new Map<string, Waiting[]>();

  constructor({ store, chains, sign, check }: LedgerOptions) {
    this.#store = store;
    this.#chains = chains;
    this.#sign = sign;
    this.#check = check;
  }

  /**
   * Writes the receipt of a call that is about to be made, or was refused, as `running`.
   * @throws HostError `unavailable`, `key_in_use`; the call must not be made then.
   */
  async open({ request, message_id, secret, scopes, claim, ...call }: NewReceipt): Promise<Receipt> {
    const kept = withoutSecrets(request);
    const receipt = {
      ...call,
      receipt_id: call.receipt_id ?? randomUUID(),
      status: 'running' as const,
      verification: firstVerification(call.policy),
      request_digest: await digestOf(kept),
    };
    const started_at = await this.#store.open(receipt, {
      request: kept,
      message_id,
      scopes,
      claim,
      ...(secret === undefined ? {} : { secret }),
    });
    return { ...receipt, started_at };
  }

  /** A receipt as it stands, with what came of its call. */
  find(receiptId: string): Promise<StoredReceipt | undefined> {
    return this.#store.find(receiptId);
  }

  /** Notes the task that a running call has become. */
  noteTask(receiptId: string, task: { taskId: string; contextId: string }): Promise<void> {
    return this.#store.noteTask(receiptId, task);
  }

  /**
   * Makes a receipt final. One that is final already stays as it is.
   * @returns the receipt as it stands.
   * @throws HostError `unavailable`; the receipt then stays `running` and is settled by the sweep.
   */
  finish(ending: Ending): Promise<FinalReceipt> {
    return new Promise((done, failed) => {
      const waiting = { ending, done, failed };
      const queue = this.#waiting.get(ending.provider_id);
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      this.#waiting.set(ending.provider_id, [waiting]);
      void this.#drain(ending.provider_id);
    });
  }

  async #drain(providerId: string): Promise<void> {
    const queue = this.#waiting.get(providerId) ?? [];
    while (queue.length > 0) await this.#finishAll(providerId, queue.splice(0, AT_ONCE));
    this.#waiting.delete(providerId);
  }

  async #finishAll(providerId: string, batch: Waiting[]): Promise<void> {
    const endings = new Map(batch.map(({ ending }) => [ending.receipt_id, ending]));
    try {
      const sealed = await this.#store.finish(providerId, [...endings.keys()], (open) =>
        sealAll(open, endings, this.#sign),
      );
      const receipts = new Map(sealed.map((receipt) => [receipt.receipt_id, receipt]));
      await Promise.all(batch.map((each) => this.#settle(each, receipts.get(each.ending.receipt_id))));
    } catch (error) {
      // One of them may hold what the record does not take: the others must not suffer for it.
      if (batch.length > 1) for (const each of batch) await this.#finishAll(providerId, [each]);
      else batch[0]?.failed(error);
    }
  }

  async #settle({ ending, done, failed }: Waiting, sealed: FinalReceipt | undefined): Promise<void> {
    try {
      const receipt = sealed ?? (await this.#store.find(ending.receipt_id))?.receipt;
      if (receipt === undefined || !isFinalReceipt(receipt)) {
        throw new Error(`receipt ${ending.receipt_id} of ${ending.provider_id} was never opened`);
      }
      done(receipt);
    } catch (error) {
      failed(error);
    }
  }

  /** How far every sequence reaches now, signed. A cut is in it only when it is proved. */
  async checkpoint(): Promise<Checkpoint> {
    return (await this.reach()).checkpoint;
  }

  /** The same, with what the record has of the cuts. */
  async reach(): Promise<Reach> {
    const { at, chains } = await this.#chains.chains();
    const proven = await Promise.all(chains.map((chain) => this.#provenState(chain)));
    return {
      checkpoint: await signCheckpoint({ issued_at: at, chains: proven }, this.#sign),
      cuts: chains.flatMap(({ cut }) => cut ?? []),
    };
  }

  async #provenState({ provider_id, head, cut }: RecordedChain): Promise<ChainState> {
    const proven = cut && (await provenCut(cut, this.#check));
    return { provider_id, head, ...(proven && { cut: proven.cut }) };
  }

  /**
   * Removes the receipts that were final before this moment, as far as each sequence goes without a younger one
   * between, and about so many at the most. A signed checkpoint of where each sequence was cut stays.
   * @returns how many were removed, and why a sequence could not be cut.
   */
  async cut(before: Date, most = Number.POSITIVE_INFINITY): Promise<{ removed: number; problems: string[] }> {
    const { chains } = await this.#chains.chains();
    const done = { removed: 0, problems: [] as string[] };
    for (const { provider_id } of chains) {
      try {
        let count: number;
        do {
          count = await this.#chains.cut(provider_id, { moment: before, limit: CUT_AT_ONCE }, this.#certify);
          done.removed += count;
        } while (count === CUT_AT_ONCE && done.removed < most);
      } catch (error) {
        done.problems.push(`the receipts of ${provider_id} are not removed: ${messageOf(error)}`);
      }
    }
    return done;
  }

  /** By the last of them all are that old: else whoever can write to the record could age them. */
  #certify = async (at: string, chain: CutState, last: Receipt): Promise<Checkpoint> => {
    const [fault] = await checkReceipt({ receipt: last }, this.#check);
    if (fault !== undefined) throw new Error(`receipt ${last.receipt_id}: ${fault.problem}`);
    if ((await digestOf(statementOf(last))) !== chain.cut.hash) {
      throw new Error(`what follows receipt ${last.receipt_id} was chained to another`);
    }
    return signCheckpoint({ issued_at: at, chains: [chain] }, this.#sign);
  };
}

/** Final receipts, each following the one before. */
async function sealAll(
  { running, head, at }: ToSeal,
  endings: ReadonlyMap<string, Ending>,
  sign: Sign,
): Promise<SealedReceipt[]> {
  const sealed: SealedReceipt[] = [];
  let previous = head;
  for (const open of running) {
    const ending = endings.get(open.receipt_id);
    if (ending === undefined) continue;
    const { task_id: openedTask, context_id: openedContext, ...opened } = open;
    const { task_id = openedTask, context_id = openedContext } = ending;
    const unsigned = {
      ...opened,
      status: ending.status,
      ...(task_id && { task_id }),
      ...(context_id && { context_id }),
      completed_at: at,
      result_digest: await digestOf(ending.result),
      sequence: (previous?.sequence ?? 0) + 1,
      previous: previous === undefined ? null : { receipt_id: previous.receipt_id, hash: previous.hash },
    };
    const statement = canonicalBytes(statementOf(unsigned));
    const [signature, hash] = await Promise.all([sign(statement, RECEIPT_TYPE), hashOf(statement)]);
    previous = { sequence: unsigned.sequence, receipt_id: open.receipt_id, hash };
    sealed.push({ receipt: { ...unsigned, signature }, result: ending.result, place: previous });
  }
  return sealed;
}
