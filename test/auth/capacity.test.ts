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

  it('one that waits for its client comes back to work where there is room', () => {
    const capacity = new Capacity({ requests: 1, streams: 1 });
    const slow = enter(capacity);
    expect(slow.resume()).toBe(true);
    expect(slow.rest()).toBe(true);
    const other = enter(capacity);
    expect(other.rest()).toBe(false);
    expect(slow.resume()).toBe(false);
    expect(capacity.refused.request).toBe(1);
    other.end();
    expect(slow.resume()).toBe(true);
    expect([capacity.working, capacity.waiting]).toEqual([1, 0]);
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
    expect([one, two].map((place) => place.run(() => capacity.waits()))).toEqual([true, false]);
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
    vi.advanceTimersByTime(60_000);
    enter(capacity);
    expect(capacity.enter()).toBeUndefined();
    one.end();
    enter(capacity);
  });
});

describe('streams', () => {
  const open = (capacity: Capacity): Place => {
    const place = enter(capacity);
    place.run(() => capacity.admitStream());
    return place;
  };

  it('are as many as may be, whatever is worked on', () => {
    const capacity = new Capacity({ requests: 9, streams: 2 });
    // What belongs to no request is as one that comes.
    capacity.admitStream();
    const places = [open(capacity), open(capacity)];
    for (const place of places) place.run(() => capacity.waits());
    expect(() => open(capacity)).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(() => capacity.admitStream()).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(capacity.refused).toEqual({ request: 0, stream: 2, task: 0 });
    places[0]?.end();
    open(capacity);
  });

  it('one that is let in has its place to wait in, and never another’s to work in', () => {
    const capacity = new Capacity({ requests: 9, streams: 1 });
    const stream = open(capacity);
    stream.run(() => capacity.admitStream());
    // Not even one that waits comes between.
    expect(enter(capacity).run(() => capacity.waits())).toBe(false);
    expect(stream.run(() => capacity.waits())).toBe(true);
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
    stream.end();
    const broken = open(capacity);
    broken.end();
    open(capacity);
    vi.advanceTimersByTime(10_000);
    enter(capacity).end();
    expect([capacity.working, capacity.waiting]).toEqual([1, 1]);
  });
});
