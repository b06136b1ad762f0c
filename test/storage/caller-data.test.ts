/** All that is kept of one caller: exported whole, and removed while proofs and everybody else's stay. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallerLine, eraseCaller, exportCaller } from '../../src/data-life/caller-data.ts';
import { exportReceipts } from '../../src/receipts/export.ts';
import { verifyExport } from '../../src/receipts/verify-export.ts';
import { PrismaAuditLog } from '../../src/storage/audit-log.ts';
import { PrismaCallerData } from '../../src/storage/caller-data.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import {
  collectAll,
  endingOf,
  newReceiptOf,
  type ReceiptGround,
  receiptGround,
} from '../support/receipts.ts';
import {
  newTaskOf,
  projectionOf,
  startTaskGround,
  type TaskGround,
  userMessageOf,
} from '../support/tasks.ts';

const CALLER = 'key:alice';
let ground: TaskGround;
let db: PrismaClient;
let receipts: ReceiptGround;
let audit: PrismaAuditLog;

beforeAll(async () => {
  ground = await startTaskGround();
  db = ground.database.prisma;
  receipts = await receiptGround(db);
  audit = new PrismaAuditLog(db);
});

afterAll(() => ground.stop());

const bytes = randomBytes(600_000);

/** A task with a message, an artifact and a file, that has ended unless it is said otherwise. */
async function taskOf(owner: string, state: 'completed' | 'input-required' = 'completed'): Promise<string> {
  const message = userMessageOf('of a secret');
  message.parts.push({ raw: bytes.toString('base64'), mediaType: 'image/png', filename: 'a.png' });
  const prepared = await ground.files.prepare(owner, message);
  await prepared.save();
  const accepted = await ground.store.accept(newTaskOf({ owner, message: prepared.message }));
  if (accepted.outcome !== 'created') throw new Error(accepted.outcome);
  const { id } = accepted.task;
  const artifacts = [{ artifactId: 'a', parts: [{ text: 'a secret answer' }] }];
  await ground.store.project(projectionOf(id, { status: { state }, artifacts }));
  await db.pushConfig.create({
    data: {
      taskId: id,
      id: 'p',
      key: randomUUID(),
      url: 'https://a.example',
      secrets: 'sealed',
      shape: 'v1',
      state: 'done',
      delivered: 1,
    },
  });
  return id;
}

/** What is kept of a caller beside its tasks. */
async function keptOf(caller: string): Promise<void> {
  await db.authContext.create({
    data: {
      id: randomUUID(),
      owner: caller,
      providerId: 'acme',
      authModel: 'bearer',
      sealed: 'sealed',
      tokenPreview: '1234',
    },
  });
  await db.idempotencyKey.create({
    data: {
      caller,
      route: 'POST /v1/a2a/invoke',
      key: 'k',
      id: randomUUID(),
      fingerprint: 'f',
      status: 200,
      body: 'a kept answer',
      expiresAt: new Date(Date.now() + 60_000),
    },
  });
  await audit.record({ event: 'login-refused', caller, detail: {} });
}

/** What somebody did for the host, beside what another did, and a file that was handed in and not sent. */
async function publisher(by: string): Promise<void> {
  for (const [publishedBy, word] of [
    [by, 'expense.v1'],
    ['key:other', 'of another'],
  ] as const) {
    const code = randomUUID();
    await db.agentVersion.create({
      data: { code, version: '1', given: { code, description: word }, publishedBy },
    });
  }
  const card = { name: 'b' };
  const cardUrl = 'https://b.example/card';
  await db.remoteAgent.create({
    data: { agentId: randomUUID(), providerId: 'local', cardUrl, card, review: {}, publishedBy: by },
  });
  const turned = { subject: 'agent', subjectId: 'a', change: 'block' };
  await db.switchChange.create({ data: { ...turned, by, reason: 'too expensive' } });
  await db.switchChange.create({ data: { ...turned, by: 'key:other', reason: 'of another' } });
  const { receipt_id } = await receipts.call({ caller: 'key:called' });
  await db.receiptVerdict.create({
    data: { receiptId: receipt_id, verification: 'disputed', by, reason: 'looked at' },
  });
  const message = userMessageOf('never sent');
  message.parts.push({ raw: randomBytes(300_000).toString('base64'), mediaType: 'image/png' });
  await (await ground.files.prepare(by, message)).save();
}

const data = () => new PrismaCallerData(db);
const lines = async (caller: string): Promise<CallerLine[]> => {
  const found = await exportCaller(data(), caller);
  if (found === undefined) throw new Error(`nothing is known of ${caller}`);
  return collectAll(found);
};

const erase = (caller: string, cancel = false) =>
  eraseCaller(
    {
      data: data(),
      audit,
      cancel: async ({ taskId }) => {
        await ground.store.project(projectionOf(taskId, { sequence: 2, status: { state: 'canceled' } }));
      },
    },
    { caller, cancel, by: 'operator', from: '127.0.0.1' },
  );

describe('an export', () => {
  it('holds all that is kept of the caller, no secret, and nothing of anybody else', async () => {
    const [one, two] = [await taskOf(CALLER), await taskOf(CALLER)];
    const other = await taskOf('key:bob');
    await keptOf(CALLER);
    await db.apiKey.create({ data: { id: 'ak_1', hash: 'a hash', name: 'alice', scopes: ['agents:read'] } });
    await audit.record({ event: 'key-created', caller: 'root', detail: { id: 'ak_1', name: 'alice' } });
    const receipt = await receipts.call({ caller: CALLER });
    const found = await lines(CALLER);
    const counts = found.at(-1)?.counts;
    expect(counts).toEqual({
      key: 1,
      credential: 1,
      answer: 1,
      task: 2,
      message: 2,
      artifact: 2,
      change: 2,
      webhook: 2,
      file: 1,
      chunk: 3,
      receipt: 1,
      audit: 2,
    });
    const all = JSON.stringify(found);
    expect([one, two].every((id) => all.includes(id))).toBe(true);
    for (const hidden of [other, 'sealed', 'a hash']) expect(all).not.toContain(hidden);
    const chunks = found.filter(({ kind }) => kind === 'chunk');
    expect(Buffer.concat(chunks.map(({ base64 }) => Buffer.from(String(base64), 'base64')))).toEqual(bytes);
    expect(found.find(({ kind }) => kind === 'receipt')).toMatchObject({
      receipt: { receipt_id: receipt.receipt_id },
      request: { message: 'hello' },
    });
  });

  it('of thousands of tasks has each once', async () => {
    // Many of one moment, so that a page ends among them.
    await db.$executeRaw`
      insert into task (id, agent_code, owner, context_id, state, status_at)
      select gen_random_uuid(), 'agent ' || n % 2, 'many', 'c', 'completed', now() - make_interval(days => n / 300)
      from generate_series(1, 1050) n`;
    const ids = (await lines('many')).flatMap(({ kind, id }) => (kind === 'task' ? [id] : []));
    expect(new Set(ids).size).toBe(1_050);
    expect(ids.length).toBe(1_050);
  });

  it('holds what the caller published, switched and judged, and the file that no task has taken', async () => {
    await publisher('key:operator');
    const found = await lines('key:operator');
    expect(found.at(-1)?.counts).toEqual({ published: 2, switch: 1, judgement: 1, file: 1, chunk: 2 });
    const all = JSON.stringify(found);
    for (const kept of ['expense.v1', 'https://b.example/card', 'too expensive', 'looked at']) {
      expect(all).toContain(kept);
    }
    expect(all).not.toContain('of another');
  });

  it('of who was never here there is none, and nothing to erase', async () => {
    expect(await exportCaller(data(), 'nobody')).toBeUndefined();
    expect(await erase('nobody')).toEqual({ outcome: 'unknown' });
    expect(await exportCaller(data(), 'nobody')).toBeUndefined();
  });
});

describe('an erasure', () => {
  it('leaves the host’s what is the host’s, and says what and why; a file that no task has taken goes', async () => {
    await publisher('key:eve');
    const done = await erase('key:eve');
    expect(done).toMatchObject({ outcome: 'erased', erased: { complete: true, files: 1 } });
    const { stays } = done.outcome === 'erased' ? done.erased : { stays: [] };
    expect(stays.map(({ kind, count }) => [kind, count])).toEqual([
      ['audit', 1],
      ['published', 2],
      ['switch', 1],
      ['judgement', 1],
    ]);
    expect(stays.every(({ why }) => why.length > 10)).toBe(true);
    expect((await lines('key:eve')).at(-1)?.counts).toEqual({
      published: 2,
      switch: 1,
      judgement: 1,
      audit: 2,
    });
  });

  it('is refused while something has not ended, and removes nothing then', async () => {
    const id = await taskOf('carol', 'input-required');
    await keptOf('carol');
    expect(await erase('carol')).toEqual({
      outcome: 'open',
      left: { tasks: 1, calls: 0, verdicts: 0, ended: 0 },
    });
    expect((await lines('carol')).at(-1)?.counts).toMatchObject({ task: 1, credential: 1, answer: 1 });
    await receipts.ledger.open(newReceiptOf({ caller: 'dave' }));
    expect(await erase('dave')).toMatchObject({ outcome: 'open', left: { calls: 1 } });
    expect(await erase('carol', true)).toMatchObject({
      outcome: 'erased',
      erased: { complete: true, tasks: 1, files: 1 },
    });
    expect(await ground.store.find({ owner: 'carol', taskId: id })).toBeUndefined();
  });

  it('removes what is the caller’s, leaves others theirs, and every receipt its proof', async () => {
    const before = await receipts.call({ caller: 'key:bob', request: { message: 'of bob' } });
    const mine = await receipts.call({ caller: CALLER, request: { message: 'a secret question' } });
    await receipts.call({ caller: 'key:bob' });
    const bobs = (await lines('key:bob')).at(-1)?.counts;
    const done = await erase(CALLER);
    expect(done).toMatchObject({
      outcome: 'erased',
      erased: {
        complete: true,
        tasks: 2,
        files: 1,
        receipts: 2,
        kept: 2,
        left: { tasks: 0, calls: 0, verdicts: 0, ended: 0 },
      },
    });
    const counts = (await lines(CALLER)).at(-1)?.counts;
    // Its receipts and what the audit log has of it; its key is for the operator to revoke.
    expect(counts).toEqual({ key: 1, receipt: 2, audit: 4 });
    expect(JSON.stringify(await lines(CALLER))).not.toMatch(/secret/);
    expect((await lines('key:bob')).at(-1)?.counts).toEqual(bobs);
    expect((await receipts.store.find(before.receipt_id))?.request).toEqual({ message: 'of bob' });
    expect(await receipts.store.find(mine.receipt_id)).toEqual({ receipt: mine });
    const verification = await verifyExport(exportReceipts(receipts.ledger, receipts.proofs), {
      jwks: receipts.jwks,
    });
    expect(verification).toEqual({ receipts: 6, findings: [] });
    expect(
      (await audit.read({ limit: 2 })).map(({ event, caller, detail }) => ({ event, caller, detail })),
    ).toEqual([
      {
        event: 'caller-erased',
        caller: 'operator',
        detail: { caller: CALLER, tasks: 2, files: 1, receipts: 2, credentials: 2 },
      },
      { event: 'caller-erase', caller: 'operator', detail: { caller: CALLER, cancel: false } },
    ]);
  });

  it('waits for the verifier where a receipt waits for it, and is complete when called again then', async () => {
    const taskId = await taskOf('erin');
    const open = await receipts.ledger.open(
      newReceiptOf({
        caller: 'erin',
        policy: { decision: 'allow', risk_level: 'medium', review_version: 'v' },
      }),
    );
    const { receipt_id } = await receipts.ledger.finish(endingOf(open));
    await db.receipt.update({ where: { id: receipt_id }, data: { taskId } });
    expect(await erase('erin')).toMatchObject({
      erased: { complete: false, tasks: 0, receipts: 0, left: { verdicts: 1, ended: 1 }, stays: [] },
    });
    await receipts.proofs.judge(
      { receipt_id, verification: 'verified', by: 'verifier', reason: 'right' },
      true,
    );
    expect(await erase('erin')).toMatchObject({ erased: { complete: true, tasks: 1, receipts: 1 } });
  });
});
