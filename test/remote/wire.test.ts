import { Task } from '@a2a-js/sdk';
import { expect, it } from 'vitest';
import { BadAnswer, taskFromWire } from '../../src/remote/wire.ts';

const task = (more: object): Task =>
  Task.fromJSON({ id: 'it', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' }, ...more });

it.each([
  ['its id with half a character', { id: 'a\ud800b' }],
  ['its id, too long', { id: 'a'.repeat(256) }],
  ['its context id with a NUL', { contextId: 'c\0' }],
  ['its context id, too long', { contextId: 'c'.repeat(256) }],
  ['a number that is none', { artifacts: [{ artifactId: 'a', parts: [{ data: { a: Number('1e400') } }] }] }],
])('what an agent says and nobody can keep is no answer: %s', (_name, more) => {
  expect(() => taskFromWire(task(more))).toThrow(BadAnswer);
  expect(taskFromWire(task({}))).toMatchObject({ id: 'it', contextId: 'c' });
});
