import { expect, it, vi } from 'vitest';
import { Capacity, type Place } from '../../src/auth/limits/capacity.ts';
import { StreamLimits, type StreamSlots } from '../../src/auth/limits/stream-limits.ts';
import { Standing } from '../../src/auth/standing.ts';
import { callerNamed } from '../support/callers.ts';

function limitsOf(perCaller: number | undefined, streams = 9) {
  const capacity = new Capacity({ requests: 9, streams });
  const open = new Set<object>();
  const take = vi.fn<StreamSlots['take']>(async () => {
    if (open.size >= (perCaller ?? 0)) return { full: 'caller' };
    const slot = {};
    open.add(slot);
    return { release: () => void open.delete(slot) };
  });
  const limits = new StreamLimits(
    { take },
    { perCaller, perAgent: 7 },
    { capacity, credentials: new Standing(), agents: new Standing(), isOff: async () => false },
  );
  return { capacity, take, open, limits };
}

const { signal } = new AbortController();
const ALICE = callerNamed('alice');

it('a stream of no agent counts with its caller’s, and gives its place back', async () => {
  const { limits, take, open } = limitsOf(1);
  const stream = await limits.openToNone(ALICE, signal);
  expect(take).toHaveBeenCalledWith(
    { owner: ALICE.id, agentCode: '' },
    { perCaller: 1, perAgent: undefined },
  );
  await expect(limits.openToNone(ALICE, signal)).rejects.toMatchObject({ code: 'too_many', retryAfterS: 5 });
  stream[Symbol.dispose]();
  expect(open.size).toBe(0);
  await limits.openToNone(ALICE, signal);
});

it('it is refused where the host has as many as it takes, and never takes a place for work', async () => {
  const { limits, capacity } = limitsOf(undefined, 1);
  const inPlace = () => {
    const place = capacity.enter() as Place;
    return { place, opened: place.run(() => limits.openToNone(ALICE, signal)) };
  };
  const [one, two] = [inPlace(), inPlace()];
  await one.opened;
  await expect(two.opened).rejects.toMatchObject({ code: 'unavailable' });
  two.place.end();
  expect([capacity.working, capacity.waiting]).toEqual([0, 1]);
});
