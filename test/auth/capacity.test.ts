import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Capacity, type Place } from '../../src/auth/limits/capacity.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const enter = (capacity: Capacity): Place => {
  const place = capacity.enter();
  if (place === undefined) throw new Error('refused');
  return place;
};

describe('requests', () => {
  it('as many as may are let in, the next one when one is answered', () => {
    const capacity = new Capacity({ requests: 2, streams: 9 });
    const first = enter(capacity);
    enter(capacity);
    expect(capacity.enter()).toBeUndefined();
    expect(capacity.refused).toEqual({ request: 1, stream: 0, task: 0 });
    first.end();
    first.end();
    expect(capacity.working).toBe(1);
    enter(capacity);
    expect(capacity.enter()).toBeUndefined();
  });

  it('one that only waits makes room, also when others run meanwhile', async () => {
    const capacity = new Capacity({ requests: 2, streams: 9 });
    const waiting = enter(capacity);
    enter(capacity);
    await waiting.run(async () => {
      await Promise.resolve();
      capacity.waits();
      capacity.waits();
    });
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
    enter(capacity);
    waiting.end();
    expect([capacity.working, capacity.waiting]).toEqual([2, 0]);
    // What belongs to no request waits as it likes.
    capacity.waits();
    expect(capacity.working).toBe(2);
  });

  it('one that takes very long waits for others', () => {
    const capacity = new Capacity({ requests: 1, streams: 9 });
    const slow = enter(capacity);
    vi.advanceTimersByTime(9_999);
    expect(capacity.enter()).toBeUndefined();
    vi.advanceTimersByTime(1);
    enter(capacity);
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
    slow.end();
    expect([capacity.working, capacity.waiting]).toEqual([1, 0]);
  });

  it('above what may wait they count as work', () => {
    const capacity = new Capacity({ requests: 2, streams: 1 });
    const [one, two] = [enter(capacity), enter(capacity)];
    for (const place of [one, two]) place.run(() => capacity.waits());
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
    vi.advanceTimersByTime(60_000);
    enter(capacity);
    expect(capacity.enter()).toBeUndefined();
    one.end();
    enter(capacity);
  });
});

it('streams are as many as may be, whatever is worked on', () => {
  const capacity = new Capacity({ requests: 9, streams: 2 });
  capacity.checkStream();
  const open = [enter(capacity), enter(capacity)];
  for (const place of open) place.run(() => capacity.waits());
  expect(() => capacity.checkStream()).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(capacity.refused).toEqual({ request: 0, stream: 1, task: 0 });
  open[0]?.end();
  capacity.checkStream();
});
