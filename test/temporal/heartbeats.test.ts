import { activityInfo, type Context, heartbeat } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { automaticHeartbeats } from '../../src/temporal/heartbeats.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Runs an activity as the worker does: in a real activity context, with the interceptor around it. */
function running(info: Record<string, unknown>, activity: () => Promise<unknown>) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const environment = new MockActivityEnvironment(info);
  const beats: unknown[] = [];
  environment.on('heartbeat', (details) => beats.push(details));
  const { execute } = automaticHeartbeats(environment.context as Context);
  if (execute === undefined) throw new Error('nothing is intercepted');
  const result = environment.run(() => execute({ args: [], headers: {} }, activity));
  return { result, beats };
}

/** An activity that waits until the test lets it go on. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

test('an activity heartbeats every 2 s by itself, until its end', async () => {
  const { opened, open } = gate();
  const { result, beats } = running({ heartbeatTimeoutMs: 10_000 }, async () => {
    await opened;
    return 'done';
  });
  vi.advanceTimersByTime(1_999);
  expect(beats).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(beats).toHaveLength(1);
  vi.advanceTimersByTime(4_000);
  expect(beats).toHaveLength(3);
  open();
  expect(await result).toBe('done');
  expect(vi.getTimerCount()).toBe(0);
});

test('what the author said last is said again', async () => {
  const { opened, open } = gate();
  const { result, beats } = running({ heartbeatTimeoutMs: 10_000 }, async () => {
    heartbeat({ page: 1 });
    heartbeat({ page: 2 });
    await opened;
  });
  await Promise.resolve();
  vi.advanceTimersByTime(2_000);
  expect(beats).toEqual([{ page: 1 }, { page: 2 }, { page: 2 }]);
  open();
  await result;
});

test('what an attempt before said is kept until the author says something', async () => {
  const { opened, open } = gate();
  const info = { heartbeatTimeoutMs: 10_000, heartbeatDetails: { page: 7 } };
  const { result, beats } = running(info, async () => {
    await opened;
    return activityInfo().heartbeatDetails;
  });
  vi.advanceTimersByTime(2_000);
  expect(beats).toEqual([{ page: 7 }]);
  open();
  expect(await result).toEqual({ page: 7 });
});

test.each([
  ['without a heartbeat timeout', { heartbeatTimeoutMs: undefined }],
  ['that is local', { heartbeatTimeoutMs: 10_000, isLocal: true }],
])('an activity %s does not heartbeat', async (_what, info) => {
  const { opened, open } = gate();
  const { result, beats } = running(info, () => opened);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  open();
  await result;
  expect(beats).toEqual([]);
});

test('an activity that fails stops its heartbeats', async () => {
  const { result } = running({ heartbeatTimeoutMs: 10_000 }, () => Promise.reject(new Error('broken')));
  await expect(result).rejects.toThrow('broken');
  expect(vi.getTimerCount()).toBe(0);
});
