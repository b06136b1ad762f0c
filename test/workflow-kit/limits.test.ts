import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LimitsHost } from './fixtures-limits/limits-host.ts';

let host: LimitsHost;

beforeAll(async () => {
  host = await LimitsHost.start();
});

afterEach(() => {
  host.away = false;
});

afterAll(() => host?.stop());

describe('what an author gives', () => {
  test.each([
    ['artifact', 'task.artifact big has 1,600,055 bytes, at most 1,500,000 are taken'],
    ['status', 'task.status has 1,600,002 bytes, at most 1,500,000 are taken'],
    ['ask', 'task.ask has 1,600,002 bytes, at most 1,500,000 are taken'],
    ['return', 'The return value has 1,600,002 bytes, at most 1,500,000 are taken'],
    ['returnData', 'The return value has 1,600,011 bytes, at most 1,500,000 are taken'],
    ['reject', 'task.reject has 1,600,002 bytes, at most 1,500,000 are taken'],
    ['call', 'task.call nobody has 1,600,002 bytes, at most 1,500,000 are taken'],
  ])('too large as %s fails the task at once, with the size', async (what, message) => {
    expect(await host.run('givesBytes', `${what} 1600000`)).toMatchObject({ state: 'failed', text: message });
  });

  test.each(['takes', 'takesWithOptions'])('too large as the argument of a step: %s', async (what) => {
    expect(await host.run('givesBytes', `${what} 2200000`)).toMatchObject({
      state: 'failed',
      text: 'The arguments of takes has 2,200,004 bytes, at most 1,900,000 are taken',
    });
  });

  test.each([
    ['artifact', 'completed'],
    ['return', 'completed'],
    ['ask', 'input-required'],
    ['reject', 'rejected'],
    ['takes', 'completed'],
  ])('just below the limit passes: %s', async (what, state) => {
    expect(await host.run('givesBytes', `${what} 1499000`)).toMatchObject({ state });
  });

  test('an error with a text of 5 MB fails the task with the start of it', async () => {
    const task = await host.run('givesBytes', 'throw 5000000');
    expect(task.state).toBe('failed');
    expect(task.text).toMatch(/^x{9900}… \(5000000 characters in all\)$/);
  });

  test('more than one report can hold becomes several, the status last', async () => {
    const taskId = await host.begin('givesMuch', 'go');
    const task = await host.until(taskId);
    expect([...task.artifacts.keys()]).toEqual(['part 1', 'part 2', 'part 3', 'part 4', 'part 5']);
    expect(task.said).toHaveLength(1);
    expect(task.version).toBe(7);
    expect(await host.answer(taskId, 'thanks')).toMatchObject({ state: 'completed' });
  });

  test('the same while the record is away', async () => {
    host.away = true;
    const taskId = await host.begin('givesMuch', 'go');
    const handle = host.handle(taskId);
    await expect
      .poll(async () => (await handle.describe()).raw.pendingActivities?.length ?? 0, { timeout: 20_000 })
      .toBe(1);
    host.away = false;
    expect(await host.until(taskId)).toMatchObject({ state: 'input-required', version: 7 });
  });
});

describe('a step of the author’s', () => {
  test.each([2_200_000, 5_000_000])('that returns %i bytes fails the task, saying so', async (bytes) => {
    const task = await host.run('stepReturnsBytes', `${bytes}`);
    expect(task.state).toBe('failed');
    expect(task.text).toMatch(
      /^What returnsBytes returned has [2-5],\d00,002 bytes, at most 1,900,000 are taken$/,
    );
  });

  test('that throws 5 MB fails the task with the start of it', async () => {
    const task = await host.run('stepThrowsBytes', '5000000');
    expect(task.state).toBe('failed');
    expect(task.text).toMatch(/^y{9900}… \(5000000 characters in all\)$/);
  });
});

describe('10,000 changes', () => {
  test('of one step are one report', async () => {
    expect(await host.run('manyChangesAtOnce')).toMatchObject({ state: 'completed', version: 1 });
  });

  test('of a hundred steps are some reports a step at most', async () => {
    const taskId = await host.begin('manyChangesInSteps', 'go');
    const task = await host.until(taskId);
    expect(task).toMatchObject({ state: 'completed', text: 'done' });
    expect(task.version).toBeLessThan(250);
    const [events] = await host.historyLengths(taskId);
    expect(events).toBeLessThan(1_500);
  });
});

describe('a plain body', () => {
  test('fails clearly before its run takes no more answers', async () => {
    const taskId = await host.begin('asksForEver', 'go');
    await host.until(taskId);
    for (let answer = 1; answer < 5; answer++) {
      expect(await host.answer(taskId, 'more')).toMatchObject({ state: 'input-required' });
    }
    expect(await host.answer(taskId, 'more')).toMatchObject({
      state: 'failed',
      text: expect.stringMatching(/longer than one run .* conversationWorkflow/),
    });
  });

  test('fails clearly before its history is full, after the author’s clean-up', async () => {
    const taskId = await host.begin('stepsForEver', 'go');
    const task = await host.until(taskId);
    expect(task).toMatchObject({ state: 'failed', text: expect.stringMatching(/longer than one run/) });
    expect([...task.artifacts.keys()]).toEqual(['cleaned']);
  });
});
