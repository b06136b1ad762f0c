import type { ChainState, Checkpoint } from './checkpoint.ts';
import { type CutState, isSamePlace, type RecordedCut } from './cut.ts';
import type { Place, Receipt } from './receipt.ts';
import type { Finding } from './verify-export.ts';

/** Where the walk of one provider's sequence stands. */
interface Chain {
  /** The number that comes next. */
  next: number;
  /** What it must follow; undefined before the first, or when nothing is known of it. */
  last: (Place & { trusted: boolean }) | undefined;
  /** Stretches that were passed over and have not come yet. */
  missing: { from: number; to: number; lastId?: string; beforeId?: string }[];
  /** What checkpoints say of this sequence. */
  certified: Place[];
  /** Where checkpoints say that it was cut, which is for the cut's own checkpoint to prove. */
  said: Place[];
  /** The last of those whose cut is proved. */
  cut: Place | undefined;
}

/** Follows each provider's sequence through the receipts as they come. */
export class ChainWalk {
  readonly #chains = new Map<string, Chain>();
  readonly #findings: Finding[] = [];
  readonly #onlyProvider: string | undefined;
  #certified = false;

  constructor(onlyProvider?: string) {
    this.#onlyProvider = onlyProvider;
  }

  /** Holds the sequences to a checkpoint, whose signature is good. */
  expect({ chains }: Checkpoint): void {
    this.#certified = true;
    for (const state of chains) {
      if (this.#onlyProvider === undefined || this.#onlyProvider === state.provider_id) this.#certify(state);
    }
  }

  #certify({ provider_id, head, cut }: ChainState): void {
    const chain = this.#chain(provider_id);
    chain.certified.push(head);
    if (cut !== undefined) chain.said.push(cut);
  }

  /** Begins a sequence where it was cut, as far as that is proved. */
  beginAfter({ provider_id, place }: RecordedCut, proven: CutState | undefined): void {
    if (this.#onlyProvider !== undefined && this.#onlyProvider !== provider_id) return;
    const chain = this.#chain(provider_id);
    if (proven !== undefined) {
      const { head, cut } = proven;
      chain.certified.push(head, cut);
      if (chain.cut === undefined || chain.cut.sequence < cut.sequence) chain.cut = cut;
      if (cut.sequence >= chain.next) {
        chain.next = cut.sequence + 1;
        chain.last = { ...cut, trusted: true };
      }
    }
    if (place === undefined || (proven !== undefined && isSamePlace(place, proven.cut))) return;
    const proof =
      proven === undefined ? 'none of it is there' : `that ends with number ${proven.cut.sequence}`;
    this.#findings.push({
      kind: 'cut',
      provider_id,
      sequence: place.sequence,
      problem: `the record says that the receipts of provider ${provider_id} up to number ${place.sequence} were cut off by age; of the checkpoints that the host signs of a cut ${proof}`,
    });
  }

  /** @param trusted whether its signature is good; else what it says of its place is not believed. */
  step(receipt: Receipt, { hash, trusted }: { hash: string; trusted: boolean }): void {
    const { receipt_id, provider_id, sequence } = receipt;
    if (sequence === undefined) return;
    const chain = this.#chain(provider_id);
    if (sequence < chain.next) {
      if (trusted) this.#late(chain, receipt);
      return;
    }
    if (sequence > chain.next) {
      if (!trusted) return;
      const lastId = receipt.previous?.receipt_id;
      chain.missing.push({
        from: chain.next,
        to: sequence - 1,
        beforeId: receipt_id,
        ...(lastId === undefined ? {} : { lastId }),
      });
    } else if (trusted) this.#compare(chain, receipt);
    this.#compareCertified(chain, receipt, { hash, trusted });
    chain.next = sequence + 1;
    chain.last = { sequence, receipt_id, hash, trusted };
  }

  /** It must carry the hash of the one before it. */
  #compare({ last }: Chain, receipt: Receipt): void {
    // The one before it has a fault of its own, which says it all.
    if (last?.trusted === false) return;
    const { previous } = receipt;
    if (last === undefined ? previous === null : previous?.hash === last.hash) return;
    const before = last === undefined ? 'no receipt' : `receipt ${last.receipt_id}`;
    const expected = previous ? `receipt ${previous.receipt_id} (${previous.hash})` : 'none';
    this.#find(receipt, 'chain', `was chained to ${expected}, and ${before} stands before it`);
  }

  #compareCertified(
    chain: Chain,
    receipt: Receipt,
    { hash, trusted }: { hash: string; trusted: boolean },
  ): void {
    if (!trusted) return;
    for (const place of chain.certified) {
      if (place.sequence !== receipt.sequence || place.hash === hash) continue;
      const problem = `a checkpoint names receipt ${place.receipt_id} (${place.hash}) in its place`;
      this.#find(receipt, 'checkpoint', problem);
    }
  }

  #late(chain: Chain, receipt: Receipt): void {
    const sequence = receipt.sequence ?? 0;
    const after = chain.last === undefined ? 'a cut' : `receipt ${chain.last.receipt_id}`;
    const index = chain.missing.findIndex(({ from, to }) => from <= sequence && sequence <= to);
    const stretch = chain.missing[index];
    if (stretch === undefined) {
      this.#find(receipt, 'order', `stands after ${after}, and its place is taken or was cut off`);
      return;
    }
    const rest = [
      { from: stretch.from, to: sequence - 1, beforeId: receipt.receipt_id },
      { ...stretch, from: sequence + 1 },
    ].filter(({ from, to }) => from <= to);
    chain.missing.splice(index, 1, ...rest);
    this.#find(receipt, 'order', `stands after ${after}, which comes later in the sequence`);
  }

  /** All that was found; to be called once, at the end. */
  end(): Finding[] {
    if (!this.#certified) {
      this.#findings.push({
        kind: 'checkpoint',
        problem: 'there is no checkpoint to show that the newest receipts are all there',
      });
    }
    for (const [provider_id, chain] of this.#chains) {
      const head = [...chain.certified].sort((a, b) => b.sequence - a.sequence)[0];
      if (head !== undefined && head.sequence >= chain.next) {
        chain.missing.push({ from: chain.next, to: head.sequence, lastId: head.receipt_id });
      }
      if (this.#certified && head === undefined) {
        this.#findings.push({
          kind: 'checkpoint',
          provider_id,
          problem: 'no checkpoint speaks of this provider',
        });
      }
      this.#findings.push(...unprovenCuts(provider_id, chain));
      for (const stretch of chain.missing) this.#findings.push(missing(provider_id, stretch));
    }
    return this.#findings;
  }

  #chain(providerId: string): Chain {
    const known = this.#chains.get(providerId);
    if (known !== undefined) return known;
    const chain: Chain = { next: 1, last: undefined, missing: [], certified: [], said: [], cut: undefined };
    this.#chains.set(providerId, chain);
    return chain;
  }

  #find({ receipt_id, provider_id, sequence }: Receipt, kind: Finding['kind'], problem: string): void {
    this.#findings.push({
      receipt_id,
      provider_id,
      ...(sequence === undefined ? {} : { sequence }),
      kind,
      problem,
    });
  }
}

/** A checkpoint of the whole may have been signed over a record that was tampered with: it is no proof of a cut. */
function unprovenCuts(provider_id: string, { said, certified, cut }: Chain): Finding[] {
  const unproven = said.filter(({ sequence }) => cut === undefined || sequence > cut.sequence);
  const other = certified.filter((place) => place.sequence === cut?.sequence && place.hash !== cut.hash);
  return [
    ...unproven.map(({ sequence }) => ({
      kind: 'cut' as const,
      provider_id,
      sequence,
      problem: `a checkpoint says that the receipts of provider ${provider_id} up to number ${sequence} were cut off by age, and the checkpoint that the host signs of a cut is not there`,
    })),
    ...other.map(({ sequence, receipt_id, hash }) => ({
      kind: 'checkpoint' as const,
      provider_id,
      sequence,
      problem: `a checkpoint names receipt ${receipt_id} (${hash}) in the place of the cut`,
    })),
  ];
}

function missing(provider_id: string, { from, to, lastId, beforeId }: Chain['missing'][number]): Finding {
  const before = beforeId === undefined ? '' : `, before receipt ${beforeId}`;
  const problem =
    from === to
      ? `number ${to} of provider ${provider_id} is missing${before}`
      : `numbers ${from} to ${to} of provider ${provider_id} are missing${before}; this is the last of them`;
  return {
    kind: 'missing',
    provider_id,
    sequence: to,
    ...(lastId === undefined ? {} : { receipt_id: lastId }),
    problem,
  };
}
