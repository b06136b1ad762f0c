import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { NewTask } from '../../src/tasks/ports.ts';
import { newTaskOf, startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';

let ground: TaskGround;
beforeAll(async () => {
  ground = await startTaskGround();
}, 60_000);
afterAll(() => ground?.stop());
beforeEach(() => ground.database.prisma.task.deleteMany());

const accept = (given: Partial<NewTask>) =>
  ground.store.accept(newTaskOf({ limits: { perCaller: 3, perAgent: 4 }, ...given }));
const outcomes = async (count: number, given: (index: number) => Partial<NewTask>) => {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => accept(given(index))));
  return all.map((one) => (one.outcome === 'too-many' ? one.whose : one.outcome)).sort();
};

test('of many at once as many are accepted as may be open', async () => {
  expect(await outcomes(6, () => ({}))).toEqual([
    'caller',
    'caller',
    'caller',
    'created',
    'created',
    'created',
  ]);
  expect(await outcomes(2, (index) => ({ owner: `bob-${index}` }))).toEqual(['agent', 'created']);
});

test('a repeated message is no further task, and one that has ended is none', async () => {
  const message = userMessageOf('hello');
  expect(await outcomes(3, (index) => (index === 0 ? { message } : {}))).toEqual([
    'created',
    'created',
    'created',
  ]);
  expect(await outcomes(2, () => ({ message }))).toEqual(['repeated', 'repeated']);
  await ground.database.prisma.task.updateMany({ data: { state: 'completed' } });
  expect(await outcomes(1, () => ({}))).toEqual(['created']);
});

test('one limit without the other', async () => {
  expect(await outcomes(5, () => ({ limits: { perAgent: 2 } }))).toEqual([
    'agent',
    'agent',
    'agent',
    'created',
    'created',
  ]);
  expect(await outcomes(2, () => ({ limits: { perCaller: 3 } }))).toEqual(['caller', 'created']);
});
