import { expect, it } from 'vitest';
import { createWorker } from '../../src/library/worker.ts';

it('keeps the activities and interceptors that a worker has', () => {
  const charge = async () => 'charged';
  const mine = () => ({});
  const parts = createWorker({
    activities: { charge },
    interceptors: { activity: [mine], workflowModules: ['./interceptors.js'] },
  });
  expect(parts.activities.charge).toBe(charge);
  expect(Object.keys(parts.activities)).toEqual(['charge', 'projectChange']);
  expect(parts.interceptors.workflowModules).toEqual(['./interceptors.js']);
  expect(parts.interceptors.activity).toHaveLength(3);
  expect(parts.interceptors.activity.at(-1)).toBe(mine);
  expect(createWorker().interceptors.activity).toHaveLength(2);
});
