/** A task as callers of the gateway see it, and what its state makes of a call's receipt. */
import { describe, expect, it } from 'vitest';
import { type AgentTask, callEndOf, outcomeOf } from '../../src/calls/outcome.ts';
import { type Artifact, type Part, TASK_STATES, type TaskState } from '../../src/tasks/task.ts';

const taskOf = (state: TaskState, text?: string, artifacts: Artifact[] = []): AgentTask => ({
  id: 'task-1',
  contextId: 'context-1',
  status: {
    state,
    ...(text === undefined ? {} : { message: { messageId: 'm', role: 'agent', parts: [{ text }] } }),
  },
  artifacts,
});
const artifact = (name: string | undefined, ...parts: Part[]): Artifact => ({
  artifactId: 'a-1',
  ...(name === undefined ? {} : { name }),
  parts,
});

it.each<[TaskState, string, string]>([
  ['submitted', 'running', 'running'],
  ['working', 'running', 'running'],
  ['input-required', 'input-required', 'succeeded'],
  ['auth-required', 'auth-required', 'succeeded'],
  ['completed', 'completed', 'succeeded'],
  ['failed', 'failed', 'failed'],
  ['canceled', 'canceled', 'failed'],
  ['rejected', 'rejected', 'failed'],
])('%s: the envelope says %s, the receipt %s', (state, status, receipt) => {
  expect(outcomeOf(taskOf(state)).status).toBe(status);
  expect(callEndOf(taskOf(state))?.status ?? 'running').toBe(receipt);
});

it('every state has its row', () => {
  for (const state of TASK_STATES) expect(outcomeOf(taskOf(state)).status).toBeDefined();
});

it('a failure says why', () => {
  expect(callEndOf(taskOf('failed', 'no such order'))?.result).toEqual({
    output: { task_id: 'task-1', context_id: 'context-1', status: 'failed', message: 'no such order' },
    stderr: 'The agent ended the task as failed: no such order',
  });
  expect(callEndOf(taskOf('canceled'))?.result.stderr).toBe('The agent ended the task as canceled');
});

it('an answer in place of a task names no task', () => {
  const { artifacts, id, contextId, status } = taskOf('completed', 'hello');
  expect(outcomeOf({ artifacts, id, contextId, status: { ...status, reply: true } })).toEqual({
    context_id: 'context-1',
    status: 'completed',
    message: 'hello',
    output: { text: 'hello' },
  });
});

describe('output', () => {
  const output = (...artifacts: Artifact[]) => outcomeOf(taskOf('completed', 'done', artifacts)).output;

  it.each<[string, Artifact[], unknown]>([
    ['one object as it is', [artifact('x', { data: { amount: 15 } })], { amount: 15 }],
    ['one object beside text', [artifact('x', { text: 'see' }, { data: { amount: 15 } })], { amount: 15 }],
    ['what is no object by name', [artifact('list', { data: [1, 2] })], { list: [1, 2] }],
    ['without a name by id', [artifact(undefined, { data: 5 })], { 'a-1': 5 }],
    [
      'several by name',
      [artifact('x', { data: { a: 1 } }), artifact('y', { data: { b: 2 } })],
      { x: { a: 1 }, y: { b: 2 } },
    ],
    [
      'several of one name as a list',
      [artifact('x', { data: { a: 1 } }, { data: { a: 2 } })],
      { x: [{ a: 1 }, { a: 2 }] },
    ],
    ['text alone', [artifact('x', { text: 'a' }), artifact('y', { text: 'b' })], { text: 'a\nb' }],
    ['nothing of a file', [artifact('x', { raw: 'AA==', filename: 'f' })], undefined],
  ])('%s', (_name, artifacts, expected) => {
    expect(output(...artifacts)).toEqual(expected);
  });

  it('of a completed task without artifacts is its last message', () => {
    expect(output()).toEqual({ text: 'done' });
    expect(outcomeOf(taskOf('completed')).output).toBeUndefined();
  });

  it('a question and a failure are no output', () => {
    expect(outcomeOf(taskOf('input-required', 'how much?')).output).toBeUndefined();
    expect(outcomeOf(taskOf('failed', 'broken')).output).toBeUndefined();
  });
});
