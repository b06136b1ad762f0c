import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signatureCheck } from '../../src/receipts/check.ts';
import { signCheckpoint } from '../../src/receipts/checkpoint.ts';
import { exportReceipts } from '../../src/receipts/export.ts';
import type { AgentRecords, ReceiptQuery } from '../../src/receipts/ports.ts';
import type { Ending, Link, NewReceipt, Place, StoredReceipt } from '../../src/receipts/receipt.ts';
import { removeOld } from '../../src/receipts/retention.ts';
import { proofProblems, verifyPending } from '../../src/receipts/verifier.ts';
import { type Verification, verifyExport } from '../../src/receipts/verify-export.ts';
import { detachedSigner } from '../../src/signing/detached.ts';
import { openDatabase } from '../../src/storage/client.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  collectAll,
  endingOf,
  newReceiptOf,
  type ReceiptGround,
  receiptGround,
} from '../support/receipts.ts';

let database: TestDatabase;
let ground: ReceiptGround;

beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);

afterAll(() => database?.stop());

beforeEach(async () => {
  await database.prisma.$executeRaw`truncate receipt, receipt_chain, receipt_verdict, receipt_checkpoint`;
  ground = await receiptGround(database.prisma);
});

const verified = async (given: Pick<ReceiptGround, 'ledger' | 'proofs' | 'jwks'> = ground) =>
  verifyExport(await collectAll(exportReceipts(given.ledger, given.proofs)), { jwks: given.jwks });

describe('a receipt', () => {
  it('is running before the call and final after it, with all its proofs', async () => {
    const { ledger, store } = ground;
    const request = { message: 'hello', auth_token: 'secret-token', input: { amount: 1.5 } };
    const open = await ledger.open(newReceiptOf({ request }));
    expect(await store.find(open.receipt_id)).toEqual({
      receipt: open,
      request: { message: 'hello', input: { amount: 1.5 } },
    });
    expect(open).toMatchObject({ status: 'running', verification: 'not_required' });
    expect(open).not.toHaveProperty('sequence');

    const ending = endingOf(open, { task_id: 'task-1', context_id: 'context-1' });
    const final = await ledger.finish(ending);
    expect(final).toEqual({
      ...open,
      status: 'succeeded',
      task_id: 'task-1',
      context_id: 'context-1',
      completed_at: expect.any(String),
      result_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      sequence: 1,
      previous: null,
      signature: expect.stringMatching(/^[\w-]+\.\.[\w-]+$/),
    });
    expect(await store.find(open.receipt_id)).toMatchObject({ receipt: final, result: ending.result });
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
  });

  it('never keeps a credential', async () => {
    await ground.call({ request: { message: 'x', auth_token: 'secret-token' } });
    const [row] = await database.prisma.$queryRaw<
      { all: string }[]
    >`select row_to_json(r)::text as all from receipt r`;
    expect(row?.all).not.toContain('secret-token');
  });

  it('becomes final once: what comes later changes nothing', async () => {
    const { ledger } = ground;
    const open = await ledger.open(newReceiptOf());
    const first = await ledger.finish(endingOf(open));
    const failed = endingOf(open, { status: 'failed', result: { stderr: 'too late' } });
    expect(await ledger.finish(failed)).toEqual(first);
    await ledger.noteTask(open.receipt_id, { taskId: 'other', contextId: 'other' });
    expect((await ground.store.find(open.receipt_id))?.receipt).toEqual(first);
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
  });

  it.each<[string, Partial<NewReceipt>, Partial<Ending>]>([
    [
      'numbers and characters of every kind',
      {
        request: {
          message: 'ä€😀\u2028\u0000"\\',
          input: { a: 1e21, b: 0.1, c: -0, d: 1.0, nested: [null, true, {}] },
        },
      },
      { result: { output: { text: 'zero \u0000 and half \ud800', data: [1e-7, 123456789012345680000] } } },
    ],
    ['no result at all', {}, { result: {} }],
    [
      'a refusal',
      {
        policy: {
          decision: 'refuse',
          code: 'agent_blocked',
          message: 'blocked',
          risk_level: 'high',
          review_version: 'v',
        },
      },
      { status: 'rejected', result: { stderr: 'agent_blocked: blocked' } },
    ],
    ['a payment', {}, { result: { payment_receipt: { rail: 'x402', amount: '15.00' } } }],
    [
      'a large body',
      { request: { message: 'x'.repeat(1_000_000) } },
      { result: { stderr: 'y'.repeat(1_000_000) } },
    ],
  ])('proves %s', async (_name, given, ending) => {
    await ground.call(given, ending);
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
  });

  it('one that the record does not take fails alone', async () => {
    const opens = await Promise.all([1, 2, 3].map(() => ground.ledger.open(newReceiptOf())));
    const finished = await Promise.allSettled(
      opens.map((open, index) =>
        ground.ledger.finish(endingOf(open, index === 1 ? { task_id: 'a\u0000b' } : {})),
      ),
    );
    // The first one is on its way before the others come.
    expect(finished.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await verified()).toEqual({ receipts: 2, findings: [] });
  });

  it('one that was never opened is an error', async () => {
    const ending = endingOf({ receipt_id: randomUUID(), provider_id: 'local' });
    await expect(ground.ledger.finish(ending)).rejects.toThrow('never opened');
  });
});

describe('the sequence', () => {
  it('is one unbroken chain for each provider, however many finish at once on several connections', async () => {
    const others = [openDatabase({ url: database.url }), openDatabase({ url: database.url })];
    try {
      const grounds = await Promise.all(others.map((db) => receiptGround(db, ground.keys)));
      const opens = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          ground.ledger.open(newReceiptOf({ provider_id: index % 10 === 0 ? 'other' : 'local' })),
        ),
      );
      // Each of them on both connections, so that both also race for the same receipt.
      const finished = await Promise.all(
        opens.flatMap((open, index) =>
          index % 3 === 0
            ? grounds.map(({ ledger }) => ledger.finish(endingOf(open)))
            : [grounds[index % 2]?.ledger.finish(endingOf(open))],
        ),
      );
      expect(finished.every((receipt) => receipt?.status === 'succeeded')).toBe(true);
      expect(await verified()).toEqual({ receipts: 200, findings: [] });
      const { chains } = await ground.proofs.chains();
      expect(chains.map(({ provider_id, head }) => [provider_id, head.sequence])).toEqual([
        ['local', 180],
        ['other', 20],
      ]);
    } finally {
      await Promise.all(others.map((db) => db.$disconnect()));
    }
  });

  it('is in the order of completion', async () => {
    for (let index = 0; index < 5; index += 1) await ground.call();
    const receipts = (await ground.proofs.following('local', 0, 10)).map(({ receipt }) => receipt);
    expect(receipts.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    const completed = receipts.map(({ completed_at }) => String(completed_at));
    expect(completed).toEqual([...completed].sort());
  });

  it('cut by age leaves a signed checkpoint that the rest follows', async () => {
    const old = [];
    for (let index = 0; index < 5; index += 1) old.push(await ground.call());
    await database.prisma.$executeRaw`select pg_sleep(0.01)`;
    const between = new Date((await ground.proofs.chains()).at);
    const before = await ground.ledger.checkpoint();
    await ground.call();
    expect(await ground.ledger.cut(between)).toEqual({ removed: 5, problems: [] });
    expect(await ground.ledger.cut(between)).toEqual({ removed: 0, problems: [] });
    expect((await ground.store.list({ limit: 10 })).receipts).toHaveLength(1);
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
    const [kept] = await database.prisma.receiptCheckpoint.findMany();
    expect(kept?.checkpoint).toMatchObject({
      chains: [{ provider_id: 'local', cut: { sequence: 5, receipt_id: old[4]?.receipt_id } }],
      signature: expect.any(String),
    });
    // The export has it as it was stored. A checkpoint of before the cut is not contradicted by what is left.
    const lines = await collectAll(exportReceipts(ground.ledger, ground.proofs));
    expect(lines[1]).toMatchObject({ cut: { provider_id: 'local', checkpoint: kept?.checkpoint } });
    const again = await verifyExport(lines, { jwks: ground.jwks, checkpoints: [before] });
    expect(again.findings).toEqual([]);
  });

  describe('that somebody cut in the database', () => {
    beforeEach(async () => {
      for (let index = 0; index < 8; index += 1) await ground.call();
    });

    /** Says that the receipts up to a number were cut off, as the host would. */
    const sayCut = (number: number) => database.prisma.$executeRaw`
      update receipt_chain c set cut_sequence = r.sequence - 1, cut_receipt_id = r.previous_id,
                                 cut_hash = r.previous_hash
      from receipt r where c.provider_id = 'local' and r.provider_id = 'local'
                       and r.sequence = ${number + 1}::bigint`;
    const remove = (number: number) =>
      database.prisma.$executeRaw`delete from receipt where sequence <= ${number}::bigint`;
    const kinds = ({ findings }: Verification) => findings.map(({ kind, sequence }) => [kind, sequence]);
    const exported = () => collectAll(exportReceipts(ground.ledger, ground.proofs));

    it('is named, also beside a checkpoint kept from before; the host signs no such cut', async () => {
      const before = await ground.ledger.checkpoint();
      await sayCut(5);
      await remove(5);
      const lines = await exported();
      expect(lines[0]).toEqual({
        checkpoint: expect.objectContaining({ chains: [{ provider_id: 'local', head: expect.anything() }] }),
      });
      const found = [
        ['cut', 5],
        ['missing', 5],
      ];
      expect(kinds(await verifyExport(lines, { jwks: ground.jwks }))).toEqual(found);
      expect(kinds(await verifyExport(lines, { jwks: ground.jwks, checkpoints: [before] }))).toEqual(found);
      const [sixth] = await ground.proofs.following('local', 0, 1);
      expect(sixth?.receipt.sequence).toBe(6);
      expect(await proofProblems(sixth as StoredReceipt, ground.proofs, signatureCheck(ground.jwks))).toEqual(
        ['number 5, before it, is missing, and no checkpoint that the host signed says it was cut off'],
      );
    });

    it('further than its signed checkpoint says is named from there on', async () => {
      const third = (await ground.proofs.following('local', 2, 1))[0]?.receipt;
      await ground.ledger.cut(new Date(Date.parse(String(third?.completed_at)) + 1));
      const [{ cut } = {}] = (await ground.ledger.checkpoint()).chains;
      const until = Number(cut?.sequence);
      expect(until).toBeGreaterThanOrEqual(3);
      await sayCut(until + 2);
      await remove(until + 2);
      expect(kinds(await verified())).toEqual([
        ['cut', until + 2],
        ['missing', until + 2],
      ]);
    });

    it('is proved by no checkpoint of another key, another provider or another kind', async () => {
      const forger = await receiptGround(database.prisma);
      const [sixth] = await ground.proofs.following('local', 5, 1);
      await sayCut(5);
      const [{ head } = {}] = (await ground.ledger.checkpoint()).chains;
      const cut = { sequence: 5, ...(sixth?.receipt.previous as Link) };
      const state = { provider_id: 'local', head: head as Place, cut };
      const forged = await signCheckpoint(
        { issued_at: new Date().toISOString(), chains: [state] },
        detachedSigner(forger.keys),
      );
      await remove(5);
      const own = await ground.ledger.checkpoint();
      const altered = { ...own, chains: [state] };
      const others = { ...forged, chains: [{ ...state, provider_id: 'other' }] };
      for (const checkpoint of [forged, altered, others, own, { chains: [null] }, {}, 'text', 5]) {
        await database.prisma.$executeRaw`
          insert into receipt_checkpoint (provider_id, checkpoint)
          values ('local', ${JSON.stringify(checkpoint)}::json)`;
        expect(kinds(await verified()), JSON.stringify(checkpoint)).toEqual([
          ['cut', 5],
          ['missing', 5],
        ]);
      }
    });

    it('by age that is not theirs: what is aged is not removed', async () => {
      await database.prisma.$executeRaw`
        update receipt set completed_at = completed_at - interval '1 day' where sequence <= 5`;
      const aged = new Date(Date.now() - 3_600_000);
      expect(await ground.ledger.cut(aged)).toEqual({
        removed: 0,
        problems: [expect.stringMatching(/^the receipts of local are not removed: .*signature does not fit/)],
      });
      expect(await ground.proofs.following('local', 0, 10)).toHaveLength(8);
    });
  });

  it('cut to its very head goes on from there', async () => {
    await ground.call();
    await ground.call();
    expect(await ground.ledger.cut(new Date(Date.now() + 60_000))).toEqual({ removed: 2, problems: [] });
    expect(await verified()).toEqual({ receipts: 0, findings: [] });
    await ground.call();
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
  });

  it('what is older than it is kept is removed: bodies first, whose digests stay, then receipts', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) ids.push((await ground.call()).receipt_id);
    const [, second, third] = ids;
    await database.prisma.$executeRaw`update receipt set verify_after = now() where id = ${second}::uuid`;
    await database.prisma.$executeRaw`select pg_sleep(0.01)`;
    const { ledger, proofs: chains } = ground;
    const removed = (receipts: number, bodies: number) => ({ receipts, bodies, problems: [] });
    expect(await removeOld({ ledger, chains }, {})).toEqual(removed(0, 0));
    expect(await removeOld({ ledger, chains }, { bodiesMs: 60_000, receiptsMs: 60_000 })).toEqual(
      removed(0, 0),
    );
    // The second waits for its verdict.
    expect(await removeOld({ ledger, chains }, { bodiesMs: 1 })).toEqual(removed(0, 2));
    const kept = await ground.store.find(String(third));
    expect(kept).toMatchObject({ receipt: { status: 'succeeded' } });
    expect(kept).not.toHaveProperty('request');
    expect(kept).not.toHaveProperty('result');
    expect(await ground.store.find(String(second))).toHaveProperty('result');
    expect(await verified()).toEqual({ receipts: 3, findings: [] });
    expect(await removeOld({ ledger, chains }, { receiptsMs: 1 })).toEqual(removed(3, 0));
    await ground.call();
    expect(await verified()).toEqual({ receipts: 1, findings: [] });
  });
});

describe('a list', () => {
  const ids = async (query: Partial<ReceiptQuery>) =>
    (await ground.store.list({ limit: 100, ...query })).receipts.map(({ receipt_id }) => receipt_id);

  it('is newest first, in pages by key', async () => {
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) made.unshift((await ground.call()).receipt_id);
    expect([...(await ids({}))].sort()).toEqual([...made].sort());
    const paged: string[] = [];
    let cursor: ReceiptQuery['cursor'];
    do {
      const page = await ground.store.list({ limit: 3, ...(cursor && { cursor }) });
      paged.push(...page.receipts.map(({ receipt_id }) => receipt_id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(paged).toEqual(await ids({}));
  });

  it.each<[string, Partial<NewReceipt>, Partial<Ending>, Partial<ReceiptQuery>]>([
    ['agent', { agent_id: 'other' }, {}, { agentId: 'other' }],
    ['provider', { provider_id: 'other' }, {}, { providerId: 'other' }],
    ['caller', { caller: 'bob' }, {}, { caller: 'bob' }],
    ['status', {}, { status: 'failed' }, { status: 'failed' }],
    ['mode', { invoke_mode: 'async' }, {}, { invokeMode: 'async' }],
    [
      'verification',
      { policy: { decision: 'allow', risk_level: 'medium', review_version: 'v' } },
      {},
      { verification: 'pending' },
    ],
  ])('by %s', async (_name, given, ending, query) => {
    await ground.call();
    const { receipt_id } = await ground.call(given, ending);
    await ground.call();
    expect(await ids(query)).toEqual([receipt_id]);
  });

  it('another caller’s receipt does not exist', async () => {
    const { receipt_id } = await ground.call({ caller: 'bob' });
    expect(await ground.store.find(receipt_id, 'alice')).toBeUndefined();
    expect(await ground.store.find(receipt_id, 'bob')).toBeDefined();
    expect(await ground.store.find('not-a-uuid')).toBeUndefined();
  });

  it('the call that began a task is found by it', async () => {
    const task = { agentId: 'echo', caller: 'alice', taskId: 'task-1' };
    expect(await ground.store.ofTask(task)).toBeUndefined();
    const began = await ground.call({}, { task_id: 'task-1' });
    await ground.call({}, { task_id: 'task-1' });
    expect(await ground.store.ofTask(task)).toBe(began.receipt_id);
    expect(await ground.store.ofTask({ ...task, caller: 'bob' })).toBeUndefined();
  });

  it('one whose request holds what is no text in Postgres stands in nobody’s way', async () => {
    const auth_context_id = randomUUID();
    for (const said of ['\0', '\ud800', 'hello']) {
      await ground.ledger.open(newReceiptOf({ request: { agent_envelope: { said }, auth_context_id } }));
    }
    const running = await ground.store.running(-60_000, 10);
    expect(running.map(({ authContextId }) => authContextId)).toEqual([
      undefined,
      undefined,
      auth_context_id,
    ]);
  });

  it('of those that run', async () => {
    await ground.call();
    const one = await ground.ledger.open(newReceiptOf({ message_id: 'm-1' }));
    const two = await ground.ledger.open(newReceiptOf({ message_id: 'm-2' }));
    await ground.ledger.noteTask(two.receipt_id, { taskId: 't', contextId: 'c' });
    const running = await ground.store.running(-60_000, 10);
    expect(running).toEqual([
      { receipt: one, messageId: 'm-1', ageMs: expect.any(Number), sent: false },
      {
        receipt: { ...two, task_id: 't', context_id: 'c' },
        messageId: 'm-2',
        ageMs: expect.any(Number),
        sent: true,
      },
    ]);
    const after = { startedAt: one.started_at, id: one.receipt_id };
    const rest = await ground.store.running(-60_000, 10, after);
    expect(rest.map(({ receipt }) => receipt.receipt_id)).toEqual([two.receipt_id]);
    expect(await ground.store.running(60_000, 10)).toEqual([]);
  });
});

describe('verdicts', () => {
  const risky = { policy: { decision: 'allow', risk_level: 'medium', review_version: 'v' } } as const;
  const verdict = (receipt_id: string, by = 'verifier') => ({
    receipt_id,
    verification: 'verified' as const,
    by,
    reason: 'all fits',
  });

  it('are kept with who, when and why, outside of what is signed', async () => {
    const { receipt_id } = await ground.call(risky);
    const pending = await ground.proofs.pending(10);
    expect(pending.map(({ receipt }) => receipt.receipt_id)).toEqual([receipt_id]);
    const first = await ground.proofs.judge(verdict(receipt_id), true);
    expect(await ground.proofs.pending(10)).toEqual([]);
    // The verifier judges what waits for it; a person whatever is final.
    expect(await ground.proofs.judge(verdict(receipt_id), true)).toBeUndefined();
    const byHand = { ...verdict(receipt_id, 'ada'), verification: 'failed' as const, reason: 'disputed' };
    const second = await ground.proofs.judge(byHand, false);
    expect(await ground.proofs.verdicts(receipt_id)).toEqual([second, first]);
    expect((await ground.store.find(receipt_id))?.receipt.verification).toBe('failed');
    expect((await verified()).findings).toEqual([]);
  });

  it('none of one that runs or is not there', async () => {
    const { receipt_id } = await ground.ledger.open(newReceiptOf(risky));
    expect(await ground.proofs.pending(10)).toEqual([]);
    expect(await ground.proofs.judge(verdict(receipt_id), false)).toBeUndefined();
    expect(await ground.proofs.judge(verdict(randomUUID()), false)).toBeUndefined();
    expect(await ground.proofs.verdicts(receipt_id)).toEqual([]);
  });

  it('what is put off waits', async () => {
    const { receipt_id } = await ground.call(risky);
    await ground.proofs.putOff(receipt_id, 60_000);
    expect(await ground.proofs.pending(10)).toEqual([]);
    await ground.proofs.putOff(receipt_id, -60_000);
    expect(await ground.proofs.pending(10)).toMatchObject([{ tries: 2 }]);
  });

  describe('the verifier', () => {
    const called = (agent_id: string, task_id: string) => ground.call({ ...risky, agent_id }, { task_id });
    const verify = (ofTask: AgentRecords['ofTask']) =>
      verifyPending({
        verdicts: ground.proofs,
        chains: ground.proofs,
        records: { ofTask, ofCalls: async () => new Map() },
        jwks: ground.jwks,
      });
    const verificationOf = async (id: string) => (await ground.store.find(id))?.receipt.verification;

    it('asks one agent while another takes its time', async () => {
      const slow = await called('slow', 't-1');
      const quick = await called('quick', 't-2');
      let resolve = (): void => undefined;
      const quickAsked = new Promise<void>((done) => {
        resolve = done;
      });
      const report = await verify(async ({ receipt }) => {
        if (receipt.agent_id === 'quick') resolve();
        else await quickAsked;
        return { record: 'open' };
      });
      expect(report.failed).toBe(2);
      expect(await verificationOf(slow.receipt_id)).toBe('failed');
      expect(await verificationOf(quick.receipt_id)).toBe('failed');
    });

    it('puts off what cannot be asked, and ends that some time with a verdict that says why', async () => {
      const { receipt_id } = await called('away', 't-1');
      let sweeps = 0;
      for (; (await verificationOf(receipt_id)) === 'pending'; sweeps++) {
        await verify(async () => ({ record: 'unknown', reason: 'it is away' }));
        await database.prisma
          .$executeRaw`update receipt set verify_after = now() where verify_after is not null`;
      }
      expect(sweeps).toBe(8);
      expect(await ground.proofs.verdicts(receipt_id)).toMatchObject([
        { verification: 'failed', reason: 'the agent’s own record could not be checked: it is away' },
      ]);
    });

    it('does not wait where asking again would not help', async () => {
      const { receipt_id } = await called('guarded', 't-1');
      await verify(async () => ({ record: 'unknown', reason: 'it is refused', lasting: true }));
      expect(await ground.proofs.verdicts(receipt_id)).toMatchObject([
        {
          verification: 'verified',
          reason: 'signature, digests and sequence are right; the agent could not be asked: it is refused',
        },
      ]);
    });
  });
});
