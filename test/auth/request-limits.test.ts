import { expect, it } from 'vitest';
import { type MinuteCounter, RequestLimits } from '../../src/auth/limits/request-limits.ts';
import { callerNamed } from '../support/callers.ts';

/** Counts as the record does, and how often it was asked. */
class Counter implements MinuteCounter {
  readonly limit: number;
  readonly used = new Map<string, number>();
  asked = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  async take(key: string, wanted: number) {
    this.asked += 1;
    const used = this.used.get(key) ?? 0;
    this.used.set(key, used + wanted);
    return { granted: Math.max(0, Math.min(wanted, this.limit - used)), endsInMs: 30_000 };
  }
}

const limitsOn = (perCaller?: Counter, perAgent?: Counter) =>
  new RequestLimits({ perCaller, perAgent, sees: (code) => code !== 'hidden' });

const alice = callerNamed('alice');

/** How many of `count` requests, one after the other, pass. */
async function passing(count: number, ask: (index: number) => Promise<void> | undefined): Promise<number> {
  let passed = 0;
  for (let index = 0; index < count; index++) {
    try {
      await ask(index);
      passed += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many', retryAfterS: 30 });
    }
  }
  return passed;
}

it.each([1, 7, 20, 50, 1_000])('%i a minute are as many, on one process and on two', async (limit) => {
  const one = limitsOn(new Counter(limit));
  expect(await passing(limit + 60, () => one.count(alice, undefined))).toBe(limit);
  const counter = new Counter(limit);
  const two = [limitsOn(counter), limitsOn(counter)];
  expect(await passing(2 * limit + 60, (index) => two[index % 2]?.count(alice, undefined))).toBe(limit);
});

it('many at once are counted as well', async () => {
  const limits = limitsOn(new Counter(100));
  const all = await Promise.allSettled(
    Array.from({ length: 300 }, async () => limits.count(alice, undefined)),
  );
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
});

it('the record is asked for a part of the minute at a time, and never again once it is used', async () => {
  const counter = new Counter(1_000);
  const limits = limitsOn(counter);
  await passing(1_200, () => limits.count(alice, undefined));
  expect(counter.asked).toBeLessThanOrEqual(21);
});

it('each caller has its own, and an agent one for all', async () => {
  const limits = limitsOn(new Counter(3), new Counter(4));
  expect(await passing(5, () => limits.count(alice, 'echo'))).toBe(3);
  expect(await passing(5, () => limits.count(callerNamed('bob'), 'echo'))).toBe(1);
});

it('an agent that is not there for the caller is not counted', async () => {
  const limits = limitsOn(undefined, new Counter(1));
  expect(await passing(5, () => limits.count(alice, 'hidden'))).toBe(5);
});

it('several requests in one body are several', async () => {
  const limits = limitsOn(new Counter(10));
  expect(await passing(1, () => limits.count(alice, undefined, 8))).toBe(1);
  expect(await passing(1, () => limits.count(alice, undefined, 8))).toBe(0);
});
