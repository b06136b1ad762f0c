import { expect, test } from 'vitest';
import { ChangeQueue } from '../../src/storage/change-queue.ts';
import type { TaskChange } from '../../src/tasks/task.ts';

const change = (version: number): TaskChange => ({
  taskId: 'task',
  version,
  at: '2026-11-21T00:00:00.000Z',
  artifacts: [],
  messages: [],
});

/** A queue whose reader starts after `version`, with a count of how often it was left. */
function reading(version: number) {
  const queue = new ChangeQueue();
  queue.start(version);
  const left = { times: 0 };
  const reader = queue.drain(() => {
    left.times += 1;
  });
  const next = async () => {
    const { done, value } = await reader.next();
    return done ? 'end' : value?.version;
  };
  return { queue, reader, next, left };
}

test('gives changes in order, each once, whatever is pushed again', async () => {
  const { queue, next } = reading(0);
  for (const version of [1, 2, 2, 1, 3]) queue.push(change(version));
  expect([await next(), await next(), await next()]).toEqual([1, 2, 3]);
  queue.end();
  expect(await next()).toBe('end');
});

test('takes only the next in line: a gap is left for the next reading', async () => {
  const { queue, next } = reading(4);
  for (const version of [3, 4, 6, 7]) queue.push(change(version));
  expect(queue.version).toBe(4);
  for (const version of [5, 6, 7]) queue.push(change(version));
  expect([await next(), await next(), await next()]).toEqual([5, 6, 7]);
  expect(queue.version).toBe(7);
});

test('takes nothing before its reader has said where it starts, and after its end', () => {
  const queue = new ChangeQueue();
  queue.push(change(1));
  expect(queue.version).toBeUndefined();
  queue.start(0);
  expect(queue.version).toBe(0);
  queue.push(change(1));
  queue.end();
  queue.push(change(2));
  expect(queue.version).toBeUndefined();
});

test('a reader that waits is woken by a change and by the end', async () => {
  const { queue, next } = reading(0);
  const first = next();
  queue.push(change(1));
  expect(await first).toBe(1);
  const second = next();
  queue.end();
  expect(await second).toBe('end');
});

test('what came before the end is still given', async () => {
  const { queue, next, left } = reading(0);
  queue.push(change(1));
  queue.end();
  expect([await next(), await next()]).toEqual([1, 'end']);
  expect(left.times).toBe(1);
});

test('a reader a thousand changes behind is served, one more and it is cut', async () => {
  const { queue, next } = reading(0);
  for (let version = 1; version <= 1_000; version++) queue.push(change(version));
  expect(await next()).toBe(1);
  queue.push(change(1_001));
  expect(await next()).toBe(2);
  queue.push(change(1_002));
  queue.push(change(1_003));
  await expect(next()).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(queue.version).toBeUndefined();
});

test('a reader is left once, when it stops and when it is cut', async () => {
  const stopped = reading(0);
  stopped.queue.push(change(1));
  await stopped.next();
  await stopped.reader.return();
  expect(stopped.left.times).toBe(1);

  const cut = reading(0);
  for (let version = 1; version <= 1_001; version++) cut.queue.push(change(version));
  await expect(cut.next()).rejects.toThrow(/read too slowly/);
  expect(await cut.next()).toBe('end');
  expect(cut.left.times).toBe(1);
});
