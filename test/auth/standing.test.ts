import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Standing } from '../../src/auth/standing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SOON = 6_000;

it('ends what is open once its credential holds no longer, and nothing else', async () => {
  const standing = new Standing();
  const good = new Set(['one', 'two', 'gone']);
  const ended: string[] = [];
  const watch = (name: string) =>
    standing.watch(
      async () => good.has(name),
      () => ended.push(name),
    );
  watch('one');
  watch('two');
  const forget = watch('gone');
  await vi.advanceTimersByTimeAsync(SOON);
  expect(ended).toEqual([]);
  forget();
  good.delete('gone');
  good.delete('one');
  await vi.advanceTimersByTimeAsync(SOON);
  expect(ended).toEqual(['one']);
  await vi.advanceTimersByTimeAsync(SOON);
  expect(ended).toEqual(['one']);
  good.delete('two');
  await vi.advanceTimersByTimeAsync(SOON);
  expect(ended).toEqual(['one', 'two']);
  expect(vi.getTimerCount()).toBe(0);
});

it('ends nothing while it cannot be found out', async () => {
  const standing = new Standing();
  const end = vi.fn();
  const holds = vi.fn(async (): Promise<boolean> => {
    throw new Error('the record is away');
  });
  standing.watch(holds, end);
  await vi.advanceTimersByTimeAsync(SOON);
  expect(holds).toHaveBeenCalled();
  expect(end).not.toHaveBeenCalled();
  holds.mockResolvedValue(false);
  await vi.advanceTimersByTimeAsync(SOON);
  expect(end).toHaveBeenCalledOnce();
});

it('asks at once when there is news, and again when more comes meanwhile', async () => {
  const standing = new Standing();
  const end = vi.fn();
  let holds = true;
  const answers: (() => void)[] = [];
  standing.watch(() => {
    const answer = holds;
    return new Promise((resolve) => answers.push(() => resolve(answer)));
  }, end);
  standing.news();
  expect(answers).toHaveLength(1);
  holds = false;
  standing.news();
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(answers).toHaveLength(2);
  answers[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(end).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});
