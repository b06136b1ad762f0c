import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TaskInput } from '../../src/tasks/contract.ts';
import { TemporalTaskEngine } from '../../src/temporal/engine.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An engine whose starts take until they are let go, one after the other. */
function slowEngine() {
  const waiting: (() => void)[] = [];
  let refused = 0;
  const client = {
    connection: { withDeadline: (_deadline: number, call: () => Promise<unknown>) => call() },
    workflow: { start: () => new Promise<void>((resolve) => waiting.push(resolve)) },
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
  const started = start(40);
  await vi.advanceTimersByTimeAsync(1_999);
  engine.checkRoom();
  await vi.advanceTimersByTimeAsync(1);
  expect(() => engine.checkRoom()).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(refused()).toBe(1);
  await letGo(11);
  engine.checkRoom();
  await letGo(40);
  await started;
  expect(refused()).toBe(1);
});

it('few that take long are an engine that is away: what comes is taken for later', async () => {
  const { engine, start, letGo } = slowEngine();
  const started = start(29);
  await vi.advanceTimersByTimeAsync(3_000);
  engine.checkRoom();
  await letGo(29);
  await started;
});
