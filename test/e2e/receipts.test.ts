/** The receipts that a dead process left are settled and verified by the sweep of the running product. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signatureCheck } from '../../src/receipts/check.ts';
import { exportReceipts } from '../../src/receipts/export.ts';
import { ReceiptLedger } from '../../src/receipts/ledger.ts';
import type { ReceiptStore } from '../../src/receipts/ports.ts';
import { verifyExport } from '../../src/receipts/verify-export.ts';
import { detachedSigner } from '../../src/signing/detached.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import {
  killAllProducts,
  type Product,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import {
  collectAll,
  endingOf,
  newReceiptOf,
  type ReceiptGround,
  receiptGround,
} from '../support/receipts.ts';
import { agentUrl, call, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

let ground: TestGround;
let product: Product;
let db: PrismaClient;
let connection: Connection;
let receipts: ReceiptGround;

beforeAll(async () => {
  ground = await startGround();
  product = await startProduct({
    ...ground.env,
    KEEP_RECEIPT_BODIES: '2',
    KEEP_RECEIPTS: '4',
    KEEP_TASKS: '3',
  });
  db = openDatabase({ url: ground.databaseUrl, poolSize: 2 });
  connection = await Connection.connect({ address: ground.temporalAddress });
  receipts = await receiptGround(db, await parseSigningKeys(String(ground.env.SIGNING_KEY), 'SIGNING_KEY'));
});

afterAll(async () => {
  await connection.close();
  await db.$disconnect();
  await killAllProducts();
  await ground.stop();
});

/** A sweep now, rather than in its time: one that runs already may be past what it is to find. */
const sweep = (name: string) =>
  new Client({ connection }).schedule
    .getHandle(`agent-host/${name}`)
    .trigger(ScheduleOverlapPolicy.BUFFER_ONE);

const final = (receiptId: string) =>
  until('the receipt is final', async () => {
    const stored = await receipts.store.find(receiptId);
    return stored?.receipt.status === 'running' ? undefined : stored;
  });

it('a call whose process died is settled by its task, signed, chained and verified', async () => {
  const messageId = randomUUID();
  const open = await receipts.ledger.open(
    newReceiptOf({
      caller: 'local',
      message_id: messageId,
      policy: { decision: 'allow', risk_level: 'medium', review_version: 'v' },
    }),
  );
  const { task } = await call(
    agentUrl(product.url, 'echo'),
    'SendMessage',
    { message: { ...userMessage('hello'), messageId } },
    { version: '1.0' },
  );
  await db.$executeRaw`
    update receipt set started_at = started_at - interval '4 seconds' where id = ${open.receipt_id}::uuid`;
  await sweep('receipts');
  const { receipt, result } = await final(open.receipt_id);
  expect(receipt).toMatchObject({ status: 'succeeded', task_id: task.id, context_id: task.contextId });
  expect(result?.output).toMatchObject({ status: 'completed', output: { text: 'hello' } });
  await sweep('receipts');
  await until('it is verified', async () => {
    const stored = await receipts.store.find(open.receipt_id);
    return stored?.receipt.verification === 'verified' || undefined;
  });
  expect(await receipts.proofs.verdicts(open.receipt_id)).toMatchObject([{ by: 'verifier' }]);
});

it('a call that died before it was made fails, and says so', async () => {
  const open = await receipts.ledger.open(newReceiptOf({ caller: 'local' }));
  await db.$executeRaw`
    update receipt set started_at = started_at - interval '1 minute' where id = ${open.receipt_id}::uuid`;
  await sweep('receipts');
  expect((await final(open.receipt_id)).result?.stderr).toMatch(/broken off before it reached the agent/);
});

it('all of them are proved by the keys that the host publishes', async () => {
  const answer = await fetch(new URL('/.well-known/jwks.json', product.url));
  const jwks = (await answer.json()) as JSONWebKeySet;
  const lines = await collectAll(exportReceipts(receipts.ledger, receipts.proofs));
  expect(await verifyExport(lines, { jwks })).toEqual({ receipts: 2, findings: [] });
});

describe('the command line, beside the running host', () => {
  const command = (...args: string[]) => runProduct(['receipts', ...args], ground.env);

  it('exports them, and verifies the export by the host’s keys', async () => {
    const folder = await temporaryDataDir();
    const file = join(folder.path, 'receipts.jsonl');
    expect(await command('export', file)).toMatchObject({ code: 0, stdout: `2 receipts are in ${file}.\n` });
    expect(await command('verify', file, '--url', product.url)).toMatchObject({ code: 0 });
    await folder.remove();
  });

  it('verifies one by its id, and all', async () => {
    const { receipt_id } = await receipts.call();
    expect(await command('verify', receipt_id)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 /),
    });
    expect(await command('verify', '--all')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^3 /) });
    expect(await command('verify', randomUUID())).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/neither a file nor a receipt/),
    });
  });

  it('finds what was changed in the database', async () => {
    const { receipt_id } = await receipts.call();
    await db.$executeRaw`update receipt set cost_units = 7 where id = ${receipt_id}::uuid`;
    for (const target of [receipt_id, '--all']) {
      const { code, stdout } = await command('verify', target, '--json');
      expect(code).toBe(1);
      expect(JSON.parse(stdout).findings).toContainEqual(expect.objectContaining({ receipt_id }));
    }
  });
});

/** A call that ended then, signed so: by its signature its age is known. */
async function completedAt(moment: Date) {
  const { store, proofs, keys, jwks } = receipts;
  const finish: ReceiptStore['finish'] = (providerId, ids, seal) =>
    store.finish(providerId, ids, (open) => seal({ ...open, at: moment.toISOString() }));
  const aged = { open: store.open.bind(store), finish } as ReceiptStore;
  const ledger = new ReceiptLedger({
    store: aged,
    chains: proofs,
    sign: detachedSigner(keys),
    check: signatureCheck(jwks),
  });
  return ledger.finish(endingOf(await ledger.open(newReceiptOf())));
}

it('is removed when it is older than it is kept: first its bodies, then itself', async () => {
  const signedAt = new Date(Date.now() - 5 * 86_400_000);
  const { receipt_id, sequence } = await completedAt(signedAt);
  const at = async (moment: Date) => {
    await db.$executeRaw`
      update receipt set completed_at = ${moment.toISOString()}::timestamptz where sequence <= ${sequence}`;
    await sweep('purge');
  };
  await at(new Date(signedAt.getTime() + 2 * 86_400_000));
  await until('its bodies are gone', async () => {
    const stored = await receipts.store.find(receipt_id);
    return (stored?.receipt.status === 'succeeded' && stored.request === undefined) || undefined;
  });
  await at(signedAt);
  await until('it is gone', async () =>
    (await receipts.store.find(receipt_id)) === undefined ? true : undefined,
  );
  const [{ cut } = {}] = (await receipts.ledger.checkpoint()).chains;
  expect(cut).toMatchObject({ sequence, receipt_id });
});

it('a task that is older than it is kept is one that never was, and its receipt is still proved', async () => {
  const invoked = await fetch(new URL('/v1/agents/document-digest/invoke', product.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: 'one two three' }),
  });
  const { task_id, receipt_id } = (await invoked.json()) as Wire;
  const found = () =>
    call(agentUrl(product.url, 'document-digest'), 'GetTask', { id: task_id }, { version: '1.0' });
  expect(await found()).toMatchObject({ status: { state: 'TASK_STATE_COMPLETED' } });
  await db.$executeRaw`
    update task set created_at = created_at - interval '4 days', status_at = status_at - interval '4 days'
    where id = ${task_id}::uuid`;
  const connection = await Connection.connect({ address: ground.temporalAddress });
  await new Client({ connection }).schedule
    .getHandle('agent-host/retention')
    .trigger(ScheduleOverlapPolicy.BUFFER_ONE);
  await connection.close();
  await until('it is gone', async () => {
    const answer = await found().catch((error: unknown) => error);
    return String(answer).includes('Task not found') || undefined;
  });
  expect((await receipts.store.find(receipt_id))?.result?.output).toMatchObject({ status: 'completed' });
  expect(await runProduct(['receipts', 'verify', receipt_id], ground.env)).toMatchObject({ code: 0 });
});

describe('all that is kept of a caller', () => {
  const command = (...args: string[]) => runProduct([...args, '--url', product.url], ground.env);
  const waiting = async () => {
    const message = {
      ...userMessage('a train to nowhere'),
      parts: [{ data: { amount: 900, currency: 'EUR', purpose: 'to nowhere' } }],
    };
    const sent = await call(
      agentUrl(product.url, 'expense-approval'),
      'SendMessage',
      { message },
      { version: '1.0' },
    );
    expect(sent.task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    return String(sent.task.id);
  };

  it('is exported and erased by the command line, tasks that wait only when they are to be canceled', async () => {
    const taskId = await waiting();
    const { receipt_id } = await receipts.call({ caller: 'local', request: { message: 'to nowhere' } });
    const folder = await temporaryDataDir();
    const file = join(folder.path, 'local.jsonl');
    expect(await command('export', '--caller', 'local', '--out', file)).toMatchObject({
      code: 0,
      stderr: '',
    });
    const exported = await readFile(file, 'utf8');
    for (const kept of [taskId, receipt_id, 'to nowhere']) expect(exported).toContain(kept);
    await folder.remove();
    for (const [act, ...given] of [
      ['erase', '--yes'],
      ['export', '--out', file],
    ] as const) {
      expect(await command(act, '--caller', 'key:typo', ...given)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^[^\n]*404: Nothing is known of such a caller\n$/),
      });
    }
    expect(await command('erase', '--caller', 'local')).toMatchObject({ code: 2 });
    expect(await command('erase', '--caller', 'local', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has 1 open tasks[\s\S]*--cancel/),
    });
    const erased = await command('--json', 'erase', '--caller', 'local', '--yes', '--cancel');
    expect(erased).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(erased.stdout)).toMatchObject({
      complete: true,
      left: { tasks: 0, calls: 0, verdicts: 0, ended: 0 },
      stays: expect.arrayContaining([
        { kind: 'receipt', count: expect.any(Number), why: expect.any(String) },
      ]),
    });
    const { body } = await rpc(
      agentUrl(product.url, 'expense-approval'),
      'GetTask',
      { id: taskId },
      { version: '1.0' },
    );
    expect(body.error).toMatchObject({ code: -32001 });
    const stored = await receipts.store.find(receipt_id);
    expect(stored?.request ?? stored?.result).toBeUndefined();
    expect(await runProduct(['receipts', 'verify', receipt_id], ground.env)).toMatchObject({ code: 0 });
  });
});
