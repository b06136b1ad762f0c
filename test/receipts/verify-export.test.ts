import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ChainState, type Checkpoint, signCheckpoint } from '../../src/receipts/checkpoint.ts';
import type { ExportLine } from '../../src/receipts/export.ts';
import type { Link, Place, Receipt, StoredReceipt } from '../../src/receipts/receipt.ts';
import { type Finding, type VerifyOptions, verifyExport } from '../../src/receipts/verify-export.ts';
import { detachedSigner } from '../../src/signing/detached.ts';
import { parseSigningKeys, type SigningKeys } from '../../src/signing/keys.ts';
import { exportOf, jwksOf } from '../support/memory-receipts.ts';
import { newSigningKey } from '../support/signing-key.ts';

let keys: SigningKeys;
/** Ten receipts of `local`, three of `other`. */
let lines: ExportLine[];

beforeAll(async () => {
  keys = await parseSigningKeys(newSigningKey(), 'test');
  lines = await exportOf(keys, { local: 10, other: 3 });
});

/** A copy that may be tampered with: its receipts of `local`, by number, and the lines. */
function copy() {
  const all = structuredClone(lines);
  const checkpoint = (all[0] as { checkpoint: Checkpoint }).checkpoint;
  const at = (number: number): StoredReceipt => all[number] as StoredReceipt;
  return { all, checkpoint, at };
}

const verify = (all: unknown[], options: Partial<VerifyOptions> = {}) =>
  verifyExport(all, { jwks: jwksOf(keys), ...options });

const idOf = (number: number): string => (lines[number] as StoredReceipt).receipt.receipt_id;
/** Kind and receipt of each finding. */
const named = ({ findings }: { findings: Finding[] }) =>
  findings.map(({ kind, receipt_id }) => [kind, receipt_id]);

it('an export that nobody touched shows nothing', async () => {
  expect(await verify(lines)).toEqual({ receipts: 13, findings: [] });
});

it('an export as text, line by line, is the same', async () => {
  const parsed = lines.map((line) => JSON.parse(JSON.stringify(line)) as unknown);
  expect(await verify(parsed)).toEqual({ receipts: 13, findings: [] });
});

describe('one byte changed in', () => {
  it.each<[string, (receipt: Receipt) => void]>([
    ['agent_id', (receipt) => Object.assign(receipt, { agent_id: 'ecHo' })],
    ['caller', (receipt) => Object.assign(receipt, { caller: 'alicf' })],
    ['invoke_mode', (receipt) => Object.assign(receipt, { invoke_mode: 'async' })],
    ['status', (receipt) => Object.assign(receipt, { status: 'failed' })],
    [
      'request_digest',
      (receipt) => Object.assign(receipt, { request_digest: flipped(receipt.request_digest) }),
    ],
    ['cost_units', (receipt) => Object.assign(receipt, { cost_units: 1 })],
    ['policy', (receipt) => Object.assign(receipt.policy, { review_version: 'sha256:1' })],
    ['started_at', (receipt) => Object.assign(receipt, { started_at: flipped(receipt.started_at) })],
    [
      'completed_at',
      (receipt) => Object.assign(receipt, { completed_at: flipped(String(receipt.completed_at)) }),
    ],
    ['task_id', (receipt) => Object.assign(receipt, { task_id: 'another' })],
    ['previous', (receipt) => Object.assign(receipt.previous ?? {}, { receipt_id: randomUUID() })],
    ['signature', (receipt) => Object.assign(receipt, { signature: flipped(String(receipt.signature)) })],
    ['sequence', (receipt) => Object.assign(receipt, { sequence: 6 })],
    ['sequence, far', (receipt) => Object.assign(receipt, { sequence: 500 })],
  ])('%s is named', async (_name, change) => {
    const { all, at } = copy();
    change(at(5).receipt);
    const findings = named(await verify(all));
    expect(findings.length).toBeGreaterThan(0);
    expect(new Set(findings.map(([, id]) => id))).toEqual(new Set([idOf(5)]));
    expect(findings[0]?.[0]).toBe('signature');
  });

  it('the provider is named, and is missed where it was', async () => {
    const { all, at } = copy();
    at(5).receipt.provider_id = 'other';
    expect(named(await verify(all))).toEqual([['signature', idOf(5)]]);
  });

  it('the request is named', async () => {
    const { all, at } = copy();
    at(5).request = { message: 'hellO' };
    expect(named(await verify(all))).toEqual([['request_digest', idOf(5)]]);
  });

  it('the result is named', async () => {
    const { all, at } = copy();
    at(5).result = { stderr: 'oops' };
    expect(named(await verify(all))).toEqual([['result_digest', idOf(5)]]);
  });

  it('a verification that was due and is declared needless is named', async () => {
    const risky = await exportOf(keys, { local: 2 });
    const { receipt } = risky[1] as StoredReceipt;
    receipt.policy.risk_level = 'medium';
    expect(named(await verify(risky))).toContainEqual(['verification', receipt.receipt_id]);
  });

  it('the checkpoint is found', async () => {
    const { all, checkpoint } = copy();
    Object.assign(checkpoint.chains[0]?.head ?? {}, { sequence: 9 });
    expect((await verify(all)).findings.map(({ kind }) => kind)).toContain('checkpoint');
  });
});

function flipped(text: string): string {
  const index = text.length - 3;
  const character = text[index] === '1' ? '2' : '1';
  return text.slice(0, index) + character + text.slice(index + 1);
}

describe('missing', () => {
  it('one in the middle is named by the one after it', async () => {
    const { all } = copy();
    all.splice(5, 1);
    const { findings } = await verify(all);
    expect(findings).toEqual([
      {
        kind: 'missing',
        receipt_id: idOf(5),
        provider_id: 'local',
        sequence: 5,
        problem: `number 5 of provider local is missing, before receipt ${idOf(6)}`,
      },
    ]);
  });

  it('several in a row', async () => {
    const { all } = copy();
    all.splice(3, 4);
    const { findings } = await verify(all);
    expect(findings).toMatchObject([{ kind: 'missing', receipt_id: idOf(6), sequence: 6 }]);
    expect(findings[0]?.problem).toMatch(/^numbers 3 to 6 /);
  });

  it('the first', async () => {
    const { all } = copy();
    all.splice(1, 1);
    expect(named(await verify(all))).toEqual([['missing', idOf(1)]]);
  });

  it('the newest, by the checkpoint', async () => {
    const { all } = copy();
    all.splice(10, 1);
    expect(named(await verify(all))).toEqual([['missing', idOf(10)]]);
  });

  it('all of a provider, by the checkpoint', async () => {
    const { all } = copy();
    expect(named(await verify(all.slice(0, 11)))).toEqual([['missing', idOf(13)]]);
    expect(await verify(all.slice(0, 11), { onlyProvider: 'local' })).toEqual({ receipts: 10, findings: [] });
  });

  it('the checkpoint itself', async () => {
    expect((await verify(lines.slice(1))).findings).toMatchObject([{ kind: 'checkpoint' }]);
  });
});

describe('cut off', () => {
  const cutAt = (number: number) => {
    const { all, checkpoint, at } = copy();
    const { receipt_id, hash } = at(number + 1).receipt.previous as Link;
    const cut: Place = { sequence: number, receipt_id, hash };
    const [{ head }, other] = checkpoint.chains as [ChainState, ChainState];
    const state: ChainState = { provider_id: 'local', head, cut };
    all.splice(1, number);
    return { all, cut, state, other };
  };
  const signed = (chains: ChainState[]) =>
    signCheckpoint({ issued_at: '2026-01-01T00:00:00.000Z', chains }, detachedSigner(keys));

  it('is proved by the checkpoint of the cut', async () => {
    const { all, cut, state } = cutAt(5);
    const proof = { cut: { provider_id: 'local', place: cut, checkpoint: await signed([state]) } };
    expect((await verify(all)).findings.map(({ kind }) => kind)).toEqual(['missing']);
    const [{ checkpoint: before }] = lines as [{ checkpoint: Checkpoint }];
    for (const checkpoints of [[], [before]]) {
      expect(await verify(all.toSpliced(1, 0, proof), { checkpoints })).toEqual({
        receipts: 8,
        findings: [],
      });
    }
  });

  it('a checkpoint of the whole that says so proves nothing', async () => {
    const { all, state, other } = cutAt(5);
    const whole = { checkpoint: await signed([state, other]) };
    expect(named(await verify([whole, ...all.slice(1)]))).toEqual([
      ['cut', undefined],
      ['missing', idOf(5)],
    ]);
  });

  it('an older head that the cut does not reach is missed with its receipts', async () => {
    const { all, cut, state } = cutAt(5);
    const proof = { cut: { provider_id: 'local', place: cut, checkpoint: await signed([state]) } };
    const shorter = [...all.slice(0, 1), proof, ...all.slice(2)];
    expect(named(await verify(shorter))).toEqual([['missing', idOf(6)]]);
  });

  it('a cut in the place of another receipt contradicts a checkpoint kept from before', async () => {
    const { all, cut, state } = cutAt(5);
    const kept = await signed([{ provider_id: 'local', head: { ...cut, hash: 'sha256:0' } }]);
    const proof = { cut: { provider_id: 'local', place: cut, checkpoint: await signed([state]) } };
    expect((await verify(all.toSpliced(1, 0, proof), { checkpoints: [kept] })).findings).toMatchObject([
      { kind: 'checkpoint', sequence: 5 },
    ]);
  });
});

describe('swapped', () => {
  it.each([
    [5, 6],
    [3, 8],
    [1, 10],
  ])('the lines of %i and %i: the ones that come late are named', async (first, second) => {
    const { all, at } = copy();
    [all[first], all[second]] = [at(second), at(first)];
    const findings = named(await verify(all));
    expect(findings).toContainEqual(['order', idOf(first)]);
    expect(findings.every(([kind]) => kind === 'order')).toBe(true);
  });

  it('the numbers of two: both are named', async () => {
    const { all, at } = copy();
    [at(4).receipt.sequence, at(7).receipt.sequence] = [7, 4];
    [all[4], all[7]] = [at(7), at(4)];
    expect(named(await verify(all))).toEqual([
      ['signature', idOf(7)],
      ['signature', idOf(4)],
    ]);
  });

  it('the bodies of two: both are named', async () => {
    const { all, at } = copy();
    const [four, seven] = [at(4), at(7)];
    [four.result, seven.result] = [seven.result ?? {}, four.result ?? {}];
    expect(named(await verify(all))).toEqual([
      ['result_digest', idOf(4)],
      ['result_digest', idOf(7)],
    ]);
  });

  it('one that comes twice is named', async () => {
    const { all, at } = copy();
    all.splice(8, 0, at(5));
    expect(named(await verify(all))).toEqual([['order', idOf(5)]]);
  });
});

describe('keys', () => {
  it('what another key signed is none of the host’s', async () => {
    const forger = await parseSigningKeys(newSigningKey(), 'test');
    const { receipts, findings } = await verifyExport(await exportOf(forger, { local: 2 }), {
      jwks: jwksOf(keys),
    });
    expect(receipts).toBe(2);
    expect(findings.map(({ kind }) => kind)).toEqual(['checkpoint', 'signature', 'signature', 'checkpoint']);
    expect(findings[1]?.problem).toBe('the signature was made with a key that is none of these');
  });

  it('an old key still counts while it is published', async () => {
    const rotated = await parseSigningKeys(newSigningKey(), 'test');
    const jwks = jwksOf({ ...rotated, publicJwks: [...rotated.publicJwks, ...keys.publicJwks] });
    expect(await verify(lines, { jwks })).toEqual({ receipts: 13, findings: [] });
  });

  it('a whole record made anew with the host’s key contradicts a checkpoint kept from before', async () => {
    const kept = copy().checkpoint;
    const forged = await exportOf(keys, { local: 10, other: 3 });
    expect((await verify(forged)).findings).toEqual([]);
    const { findings } = await verify(forged, { checkpoints: [kept] });
    expect(findings.map(({ kind, sequence }) => [kind, sequence])).toEqual([
      ['checkpoint', 10],
      ['checkpoint', 3],
    ]);
  });

  it('a signature of another kind of thing is none', async () => {
    const { all, at, checkpoint } = copy();
    at(5).receipt.signature = checkpoint.signature;
    expect(named(await verify(all))).toEqual([['signature', idOf(5)]]);
  });
});

it('lines that are neither are told by number, whatever they are', async () => {
  const { all } = copy();
  const broken = [...all, null, 'text', 5, {}, { receipt: {} }, { checkpoint: {} }, { receipt: null }];
  const { findings } = await verify(broken);
  expect(findings.map(({ kind }) => kind)).toEqual(Array(7).fill('unreadable'));
  expect(findings[0]?.problem).toBe('line 15 is neither a receipt nor a checkpoint');
});

it('what is none of its kind within a receipt is told, and stops nothing', async () => {
  const { all, at } = copy();
  const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
  Object.assign(at(2).receipt, { signature: { toString: 1 } });
  Object.assign(at(3), { request: { deep } });
  Object.assign(at(4).receipt, { sequence: '4' });
  const { receipts, findings } = await verify(all);
  expect(receipts).toBe(lines.length - 2);
  expect(named({ findings })).toEqual(
    expect.arrayContaining([
      ['signature', idOf(2)],
      ['unreadable', idOf(3)],
      ['unreadable', undefined],
      ['missing', idOf(4)],
    ]),
  );
});

it('a receipt that still runs is no proof of anything', async () => {
  const { all, at } = copy();
  const { result_digest: _, signature: __, ...open } = at(5).receipt;
  all.push({ receipt: { ...open, receipt_id: 'running', status: 'running' } as Receipt });
  expect(named(await verify(all))).toContainEqual(['not_final', 'running']);
});
