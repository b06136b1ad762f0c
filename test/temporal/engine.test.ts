import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TaskInput } from '../../src/tasks/contract.ts';
import { TemporalTaskEngine } from '../../src/temporal/engine.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An engine whose starts take until they are let go, one after the other. */
function slowEngine(eager = false) {
  const waiting: (() => void)[] = [];
  let refused = 0;
  const client = {
    connection: { withDeadline: (_deadline: number, call: () => Promise<unknown>) => call() },
    workflow: {
      start: () => new Promise((resolve) => waiting.push(() => resolve({ eagerlyStarted: eager }))),
    },
  } as unknown as Client;
  const engine = new TemporalTaskEngine(
    () => client,
    () => {
      refused += 1;
    },
  );
  return {
    engine,
    start: (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          engine.start({ workflowType: 'x', taskQueue: 'x' }, { taskId: `t${n}` } as TaskInput),
        ),
      ),
    letGo: async (count: number) => {
      for (const go of waiting.splice(0, count)) go();
      await vi.advanceTimersByTimeAsync(0);
    },
    refused: () => refused,
  };
}

it('takes no more tasks while many are on their way and the first has been for long, and then at once', async () => {
  const { engine, start, letGo, refused } = slowEngine();
  const started = start(60);
  await vi.advanceTimersByTimeAsync(999);
  engine.checkRoom();
  await vi.advanceTimersByTimeAsync(1);
  expect(() => engine.checkRoom()).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(refused()).toBe(1);
  await letGo(11);
  engine.checkRoom();
  await letGo(60);
  await started;
  expect(refused()).toBe(1);
});

it('few that take long are an engine that is away: what comes is taken for later', async () => {
  const { engine, start, letGo } = slowEngine();
  const started = start(49);
  await vi.advanceTimersByTimeAsync(3_000);
  engine.checkRoom();
  await letGo(49);
  await started;
});

it('a task whose first step runs here is on its way until it is heard of', async () => {
  const { engine, start, letGo } = slowEngine(true);
  const started = start(60);
  await letGo(60);
  await started;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(() => engine.checkRoom()).toThrow('as much to do');
  for (let n = 0; n < 11; n++) engine.heard(`t${n}`);
  engine.checkRoom();
});
