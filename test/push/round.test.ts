import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StoredConfig } from '../../src/push/ports.ts';
import { Round } from '../../src/push/round.ts';
import type { TaskFeed } from '../../src/tasks/ports.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A task that does not change while the round lasts: the round's end is all that ends its watching. */
const feed = {
  subscribe: async (_taskId: string, signal: AbortSignal) => ({
    after: async function* () {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  }),
} as unknown as TaskFeed;

/** Webhooks that are behind until they are told; those named `hung…` are told when `release` is called. */
function webhooks(keys: string[]) {
  const told: string[] = [];
  const releases: (() => void)[] = [];
  const open = new Set<string>();
  let most = 0;
  const behind = async (_taskId: string, except: string[], limit: number) => ({
    version: 1,
    configs: keys
      .filter((key) => !told.includes(key) && !except.includes(key))
      .slice(0, limit)
      .map((key) => ({ key }) as StoredConfig),
  });
  const tell = async ({ key }: StoredConfig) => {
    open.add(key);
    most = Math.max(most, open.size);
    if (key.startsWith('hung')) await new Promise<void>((resolve) => releases.push(resolve));
    open.delete(key);
    told.push(key);
  };
  return {
    told,
    round: new Round({ store: { behind }, feed, tell }),
    release: () => {
      for (const resolve of releases.splice(0)) resolve();
    },
    most: () => most,
  };
}

const hung = (count: number) => Array.from({ length: count }, (_, at) => `hung ${at}`);
const never = new AbortController().signal;

it('webhooks that hang keep nobody waiting for longer than a second', async () => {
  const { round, told, release } = webhooks([...hung(250), 'well']);
  const done = round.run('task', never);
  await vi.advanceTimersByTimeAsync(900);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_100);
  expect(told).toEqual(['well']);
  release();
  await done;
  expect(told).toHaveLength(251);
});

it('what one task keeps open has a bound, and the rest comes when there is room again', async () => {
  const { round, told, release, most } = webhooks(hung(800));
  const done = round.run('task', never);
  await vi.advanceTimersByTimeAsync(14_000);
  expect(most()).toBe(600);
  release();
  await vi.advanceTimersByTimeAsync(5_000);
  release();
  await done;
  expect(told).toHaveLength(800);
});
