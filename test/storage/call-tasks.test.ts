/** What became of calls whose process died, by the record of their tasks; and the verifier on the same ground. */
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LocalRecords } from '../../src/gateway/local-records.ts';
import type { AgentRecords, CallRecord } from '../../src/receipts/ports.ts';
import type { NewReceipt, Receipt } from '../../src/receipts/receipt.ts';
import { settleReceipts } from '../../src/receipts/settle.ts';
import { verifyPending } from '../../src/receipts/verifier.ts';
import { PrismaCallTasks } from '../../src/storage/call-tasks.ts';
import type { TaskState } from '../../src/tasks/task.ts';
import { agentMessage } from '../support/memory-engine.ts';
import { endingOf, newReceiptOf, type ReceiptGround, receiptGround } from '../support/receipts.ts';
import {
  newTaskOf,
  projectionOf,
  startTaskGround,
  type TaskGround,
  userMessageOf,
} from '../support/tasks.ts';

let tasks: TaskGround;
let ground: ReceiptGround;
let records: LocalRecords;

beforeAll(async () => {
  tasks = await startTaskGround();
}, 60_000);

afterAll(() => tasks?.stop());

beforeEach(async () => {
  const { prisma } = tasks.database;
  await prisma.$executeRaw`truncate receipt, receipt_chain, receipt_verdict, task cascade`;
  ground = await receiptGround(prisma);
  records = new LocalRecords(new PrismaCallTasks(prisma, tasks.store));
  begun = [];
});

const minuteOld = () =>
  tasks.database.prisma.$executeRaw`update receipt set started_at = started_at - interval '1 minute'`;
/** The calls that a sweep has had made. */
let begun: string[] = [];
const settle = async (asked: AgentRecords = records, limits: { dead?: number; deadline?: number } = {}) => {
  const { store: running, ledger } = ground;
  return settleReceipts({
    running,
    ledger,
    records: asked,
    deadAfterMs: limits.dead ?? 30_000,
    lostAfterMs: 90_000,
    asyncDeadlineMs: limits.deadline ?? 3_600_000,
    begin: async (receiptId) => {
      begun.push(receiptId);
    },
  });
};
const stored = (receipt: Receipt) => ground.store.find(receipt.receipt_id);
const open = (given: Partial<NewReceipt> = {}) => ground.ledger.open(newReceiptOf(given));

/** The task that a receipt's call began, in this state; its message is the receipt's. */
async function taskOf(state: TaskState, given: Parameters<typeof newTaskOf>[0] = {}) {
  const task = newTaskOf({ message: userMessageOf('hello', { messageId: 'm-1' }), ...given });
  await tasks.store.accept(task);
  if (state !== 'submitted') await report(task.id, state, 1);
  return task;
}
const report = (taskId: string, state: TaskState, sequence: number, applied: string[] = []) =>
  tasks.store.project(
    projectionOf(taskId, { sequence, status: { state, message: agentMessage(`it is ${state}`) }, applied }),
  );

describe('a receipt left running', () => {
  it.each<[TaskState, string]>([
    ['submitted', 'running'],
    ['working', 'running'],
    ['input-required', 'succeeded'],
    ['completed', 'succeeded'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
    ['rejected', 'failed'],
  ])('of a task that is %s ends as %s', async (state, status) => {
    const receipt = await open({ message_id: 'm-1' });
    const task = await taskOf(state);
    await minuteOld();
    expect(await settle()).toEqual({ settled: status === 'running' ? 0 : 1, problems: [] });
    expect((await stored(receipt))?.receipt).toMatchObject({
      status,
      task_id: task.id,
      context_id: task.contextId,
    });
    const after = await settle();
    expect(after.settled).toBe(0);
  });

  it('says what the task said', async () => {
    const receipt = await open({ message_id: 'm-1' });
    const task = await taskOf('failed');
    await minuteOld();
    await settle();
    expect((await stored(receipt))?.result).toEqual({
      output: { task_id: task.id, context_id: task.contextId, status: 'failed', message: 'it is failed' },
      stderr: 'The agent ended the task as failed: it is failed',
    });
  });

  it('of an agent whose messages are never repetitions is found by its message too', async () => {
    const receipt = await open({ message_id: 'm-1' });
    const task = await taskOf('completed', { digest: null });
    await taskOf('completed', { digest: null, message: userMessageOf('other') });
    await minuteOld();
    expect((await settle()).settled).toBe(1);
    expect((await stored(receipt))?.receipt.task_id).toBe(task.id);
  });

  it('that never reached its agent fails, once nothing can reach it any more', async () => {
    const receipt = await open();
    await minuteOld();
    expect((await settle(records, { dead: 120_000 })).settled).toBe(0);
    expect((await settle()).settled).toBe(1);
    expect(await stored(receipt)).toMatchObject({
      receipt: { status: 'failed' },
      result: { stderr: 'The call was broken off before it reached the agent' },
    });
  });

  it('of another caller’s or another agent’s message is none of its', async () => {
    const receipt = await open({ message_id: 'm-1' });
    await taskOf('completed', { owner: 'bob' });
    await taskOf('completed', { agentCode: 'other' });
    await minuteOld();
    await settle();
    expect((await stored(receipt))?.receipt.status).toBe('failed');
  });

  it('of a refused call is rejected, whatever its agent has', async () => {
    const policy = {
      decision: 'refuse',
      code: 'agent_blocked',
      message: 'Agent echo is blocked',
      risk_level: 'high',
      review_version: 'v',
    } as const;
    const receipt = await open({ policy });
    await minuteOld();
    await settle();
    expect(await stored(receipt)).toMatchObject({
      receipt: { status: 'rejected' },
      result: { stderr: 'agent_blocked: Agent echo is blocked' },
    });
  });

  it('of a follow-up waits for the answer to the follow-up', async () => {
    const task = await taskOf('input-required');
    const known = await tasks.store.find({ owner: 'alice', agentCode: 'echo', taskId: task.id });
    const receipt = await open({ message_id: 'm-2', task_id: task.id, context_id: task.contextId });
    await minuteOld();
    // Before its message is accepted, the question before it is no answer.
    expect((await settle(records, { dead: 120_000 })).settled).toBe(0);
    if (known === undefined) throw new Error('no task');
    await tasks.store.append(known, userMessageOf('more', { messageId: 'm-2' }), 'digest-2');
    expect((await settle()).settled).toBe(0);
    await report(task.id, 'completed', 2, ['m-2']);
    expect((await settle()).settled).toBe(1);
    expect((await stored(receipt))?.receipt.status).toBe('succeeded');
  });

  it('is left to the request that opened it while it is young', async () => {
    await open({ message_id: 'm-1' });
    await taskOf('completed');
    expect((await settle()).settled).toBe(0);
  });

  it('of an agent that cannot be asked waits, and is given up after a day', async () => {
    const receipt = await open();
    const away: AgentRecords = {
      ofCalls: async (calls) =>
        new Map(calls.map((call) => [call.receipt.receipt_id, { record: 'unknown', reason: 'it is away' }])),
      ofTask: async () => ({ record: 'unknown', reason: 'it is away' }),
    };
    await minuteOld();
    expect((await settle(away)).settled).toBe(0);
    await tasks.database.prisma.$executeRaw`update receipt set started_at = started_at - interval '1 day'`;
    expect((await settle(away)).settled).toBe(1);
    expect((await stored(receipt))?.result?.stderr).toBe('What became of the call is not known: it is away');
  });

  it('an asynchronous one that never reached its agent is begun again, until its time is up', async () => {
    const receipt = await open({ invoke_mode: 'async' });
    await minuteOld();
    expect((await settle()).settled).toBe(0);
    expect(begun).toEqual([receipt.receipt_id]);
    expect((await settle(records, { deadline: 30_000 })).settled).toBe(1);
    expect(await stored(receipt)).toMatchObject({
      receipt: { status: 'failed' },
      result: { stderr: 'The call has not come to an end within its time' },
    });
  });

  it('an asynchronous one whose task does not end fails when its time is up', async () => {
    const receipt = await open({ invoke_mode: 'async', message_id: 'm-1' });
    await taskOf('working');
    await minuteOld();
    expect((await settle()).settled).toBe(0);
    expect((await settle(records, { deadline: 30_000 })).settled).toBe(1);
    expect((await stored(receipt))?.receipt.status).toBe('failed');
    expect(begun).toEqual([]);
  });

  it('none is passed over, however many there are', async () => {
    await tasks.database.prisma.$executeRaw`
      insert into receipt (id, agent_id, provider_id, caller, invoke_mode, status, verification, request_digest,
                           cost_units, policy, message_id, started_at)
      select gen_random_uuid(), 'echo', 'local', 'alice', 'sync', 'running', 'not_required', 'd', 0,
             '{"decision":"allow","risk_level":"low","review_version":"v"}', gen_random_uuid()::text,
             now() - interval '1 minute'
      from generate_series(1, 1203)`;
    expect(await settle()).toEqual({ settled: 1203, problems: [] });
    expect(await ground.store.running(0, 1)).toEqual([]);
  });
});

describe('the verifier', () => {
  const risky = { policy: { decision: 'allow', risk_level: 'medium', review_version: 'v' } } as const;
  const verify = (asked: AgentRecords = records) =>
    verifyPending({
      verdicts: ground.proofs,
      chains: ground.proofs,
      records: asked,
      jwks: { keys: ground.keys.publicJwks } as JSONWebKeySet,
    });
  const verdict = async (receipt: Receipt) => (await ground.proofs.verdicts(receipt.receipt_id))[0];

  /** A risky call of a task that has ended, final as the gateway makes it. */
  async function finished(): Promise<Receipt> {
    const receipt = await open({ ...risky, message_id: 'm-1' });
    await taskOf('completed');
    await minuteOld();
    await settle();
    return receipt;
  }

  it('verifies what is right, and says what it looked at', async () => {
    const receipt = await finished();
    expect(await verify()).toEqual({ verified: 1, failed: 0, putOff: 0, problems: [] });
    expect((await stored(receipt))?.receipt.verification).toBe('verified');
    expect(await verdict(receipt)).toMatchObject({
      by: 'verifier',
      reason: 'signature, digests and sequence are right, and the agent has the task',
    });
    expect((await verify()).verified).toBe(0);
  });

  it('looks at nothing of low risk', async () => {
    const receipt = await ground.call();
    expect(await verify()).toEqual({ verified: 0, failed: 0, putOff: 0, problems: [] });
    expect(receipt.verification).toBe('not_required');
  });

  it('a refused call has no task to ask for', async () => {
    const policy = {
      ...risky.policy,
      decision: 'refuse',
      code: 'agent_blocked',
      message: 'blocked',
    } as const;
    const receipt = await ground.call({ policy }, { status: 'rejected', result: { stderr: 'no' } });
    expect((await verify()).verified).toBe(1);
    expect((await verdict(receipt))?.reason).toBe('signature, digests and sequence are right');
  });

  it.each<[string, string, RegExp]>([
    ['a changed receipt', `update receipt set cost_units = 1`, /signature does not fit.*chained to another/],
    [
      'a changed request',
      `update receipt set request = '{"message":"hellO"}'`,
      /^the request is not the one/,
    ],
    ['a changed result', `update receipt set result = '{}'`, /^the result is not the one/],
    [
      'another head',
      `update receipt_chain set hash = 'sha256:0'`,
      /^what follows it was chained to another$/,
    ],
    ['a lost task', `delete from task`, /^the agent has no such task$/],
    [
      'a task with another end',
      `update task set state = 'failed'`,
      /task is failed, and the receipt says completed$/,
    ],
    [
      'a task with another output',
      `update task set status_message = '{"parts":[{"text":"x"}]}'`,
      /^the output/,
    ],
  ])('fails %s, and says why', async (_name, tampering, reason) => {
    const receipt = await finished();
    await tasks.database.prisma.$executeRawUnsafe(tampering);
    expect(await verify()).toMatchObject({ verified: 0, failed: 1 });
    expect((await stored(receipt))?.receipt.verification).toBe('failed');
    expect((await verdict(receipt))?.reason).toMatch(reason);
  });

  it('fails what stands beside a gap', async () => {
    const low = await ground.call();
    const receipt = await ground.call({ ...risky }, {});
    await tasks.database.prisma.receipt.delete({ where: { id: low.receipt_id } });
    expect(await verify()).toMatchObject({ failed: 1 });
    expect((await verdict(receipt))?.reason).toBe('number 1, before it, is missing');
  });

  it('follows a cut', async () => {
    await ground.call();
    const { at } = await ground.proofs.chains();
    await tasks.database.prisma.$executeRaw`select pg_sleep(0.01)`;
    await ground.call({ ...risky }, {});
    expect((await ground.ledger.cut(new Date(at))).removed).toBe(1);
    expect(await verify()).toMatchObject({ verified: 1, failed: 0 });
  });

  it('purged bodies do not fail it', async () => {
    await finished();
    await tasks.database.prisma.$executeRaw`update receipt set request = null, result = null`;
    expect(await verify()).toMatchObject({ verified: 1, failed: 0 });
  });

  it('puts off what its agent cannot be asked for', async () => {
    const receipt = await ground.ledger.finish(endingOf(await open({ ...risky }), { task_id: 'far' }));
    const away: AgentRecords = {
      ofCalls: async () => new Map<string, CallRecord>(),
      ofTask: async () => ({ record: 'unknown', reason: 'it is away' }),
    };
    expect(await verify(away)).toEqual({ verified: 0, failed: 0, putOff: 1, problems: [] });
    expect((await stored(receipt))?.receipt.verification).toBe('pending');
    expect(await verify(away)).toMatchObject({ putOff: 0 });
  });

  it('goes on after one that it cannot check', async () => {
    await ground.ledger.finish(endingOf(await open({ ...risky }), { task_id: 'broken' }));
    await ground.call({ ...risky });
    const broken: AgentRecords = {
      ofCalls: async () => new Map<string, CallRecord>(),
      ofTask: () => Promise.reject(new Error('no answer')),
    };
    const report = await verify(broken);
    expect(report).toMatchObject({
      verified: 1,
      problems: [expect.stringMatching(/^receipt .*: no answer$/)],
    });
  });
});
