import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SNAPSHOT_QUERY } from '../../src/tasks/contract.ts';
import { LimitsHost } from './fixtures-limits/limits-host.ts';

let host: LimitsHost;

beforeAll(async () => {
  host = await LimitsHost.start();
});

afterAll(() => host?.stop());

const begin = async (workflow: Parameters<LimitsHost['begin']>[0], text = 'begin'): Promise<string> => {
  const taskId = await host.begin(workflow, text);
  await host.until(taskId);
  return taskId;
};

/** Counts to a number; now and then repeats a message, an old one or the one just sent. */
async function countTo(taskId: string, last: number): Promise<void> {
  const sent: string[] = [];
  for (let number = 1; number <= last; number++) {
    const deliveryId = randomUUID();
    const task = await host.answer(taskId, `${number}`, deliveryId);
    expect(task.text).toBe(`After ${number}?`);
    sent.push(deliveryId);
    if (randomInt(5) > 0) continue;
    // What the kit remembers is bounded: a thousand messages back it need not know one.
    const back = randomInt(2) === 0 ? 0 : randomInt(Math.min(sent.length, 900));
    await host.deliver(taskId, `${number - back}`, sent[number - 1 - back]);
  }
}

async function expectCounted(taskId: string, last: number): Promise<void> {
  const done = await host.answer(taskId, 'end');
  expect(done).toMatchObject({ state: 'completed', text: `${last} numbers` });
  expect(new Set(done.applied).size).toBe(done.applied.length);
  expect(done.applied).toHaveLength(last + 1);
}

describe('a conversation in turns', () => {
  test('keeps its state, shows progress and artifacts, ends with a value', async () => {
    const taskId = await begin('talksInTurns', 'one');
    expect(await host.answer(taskId, 'two')).toMatchObject({ state: 'input-required', text: 'More?' });
    const done = await host.answer(taskId, 'end');
    expect(done.state).toBe('completed');
    expect(done.artifacts.get('result')?.parts).toEqual([{ data: { heard: ['one', 'two'], history: 5 } }]);
    expect(done.artifacts.get('last')?.parts).toEqual([{ text: 'two' }]);
  });

  test.each([
    ['reject', 'rejected', 'not this one'],
    ['rejectInside', 'rejected', 'not with me'],
    ['fail', 'failed', 'the turn broke'],
    [
      'state 1000001',
      'failed',
      'The state of the conversation has 1,000,015 bytes, at most 1,000,000 are taken',
    ],
    ['ask 500001', 'failed', 'The question has 500,003 bytes, at most 500,000 are taken'],
    ['sign in', 'auth-required', 'Sign in'],
  ])('%s: %s', async (text, state, said) => {
    const taskId = await begin('talksInTurns');
    expect(await host.answer(taskId, text)).toMatchObject({ state, text: said });
  });

  test.each(['while it waits', 'in a turn'])('is canceled %s', async (when) => {
    const taskId = await begin('talksInTurns');
    if (when === 'in a turn') await host.deliver(taskId, 'sleep');
    await host.handle(taskId).cancel();
    expect(await host.until(taskId, ({ state }) => state === 'canceled')).toBeDefined();
  });
});

describe('a conversation over many runs', () => {
  test('takes each message once, however often it is sent', async () => {
    const taskId = await begin('countsInShortRuns');
    await countTo(taskId, 100);
    const task = await host.until(taskId);
    expect(task.runs.length).toBeGreaterThanOrEqual(4);
    await expectCounted(taskId, 100);
  });

  test('waits on in the next run with the same question, and is held to it', async () => {
    const taskId = await begin('countsInShortRuns');
    await countTo(taskId, 20);
    await expect.poll(async () => (await host.historyLengths(taskId)).length, { timeout: 20_000 }).toBe(2);
    await expect(host.handle(taskId).query(SNAPSHOT_QUERY)).resolves.toMatchObject({
      state: 'input-required',
      message: { parts: [{ text: 'After 20?' }] },
    });
    // As it was begun: the worker's death is noticed as soon as before.
    const { events } = await host.handle(taskId).fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    expect(Number(started?.workflowTaskTimeout?.seconds)).toBe(3);
    await host.handle(taskId).cancel();
    await host.until(taskId, ({ state }) => state === 'canceled');
  });

  test('while many clients insist, none is failed and nothing is lost or done twice', async () => {
    const taskId = await begin('countsInShortRuns');
    // Sent by five clients at once: the workflow may be between two runs at any of them.
    for (let number = 1; number <= 60; number++) {
      const deliveryId = randomUUID();
      const { version } = await host.until(taskId);
      const sends = Array.from({ length: 5 }, () => host.deliver(taskId, `${number}`, deliveryId));
      await Promise.all(sends);
      await host.until(taskId, (task) => task.version > version && task.text === `After ${number}?`);
    }
    expect((await host.until(taskId)).runs.length).toBeGreaterThanOrEqual(3);
    await expectCounted(taskId, 60);
  });

  test('with large messages goes on when Temporal suggests it', async () => {
    const taskId = await begin('talksInTurns', 'one');
    for (let message = 1; message <= 8; message++) {
      await host.answer(taskId, `${message} ${'x'.repeat(1_400_000)}`);
    }
    const task = await host.answer(taskId, 'end');
    expect(task.runs.length).toBeGreaterThanOrEqual(2);
    expect(task.artifacts.get('result')?.parts[0]?.data).toMatchObject({ heard: { length: 9 } });
  });

  test('carries the most there may be: state, question, history, deliveries', async () => {
    const taskId = await begin('carriesMuch');
    for (let message = 1; message <= 12; message++) {
      await host.answer(taskId, 'z'.repeat(50_000), `${message}${'€'.repeat(250)}`);
    }
    const task = await host.answer(taskId, 'end');
    expect(task).toMatchObject({ state: 'completed', text: '13 taken' });
    expect(task.runs.length).toBeGreaterThanOrEqual(3);
  });

  test.runIf(process.env.FULL)(
    'has thousands of turns within Temporal’s limits',
    async () => {
      const turns = 2_500;
      const taskId = await begin('countsForEver');
      await countTo(taskId, turns);
      await expectCounted(taskId, turns);
      const lengths = await host.historyLengths(taskId);
      expect(lengths.length).toBeGreaterThan(1);
      expect(Math.max(...lengths)).toBeLessThan(5_000);
    },
    240_000,
  );

  test('reports a turn once', async () => {
    const taskId = await begin('countsForEver');
    const { version } = await host.until(taskId);
    expect(version).toBe(1);
    expect((await host.answer(taskId, '1')).version).toBe(2);
  });
});
