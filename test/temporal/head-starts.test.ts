import type { Client } from '@temporalio/client';
import { beforeEach, expect, test, vi } from 'vitest';
import type { PlainPlan } from '../../src/mapping/plain.ts';
import type { TaskInput } from '../../src/tasks/contract.ts';
import { HeadStarts } from '../../src/temporal/plain/head-starts.ts';
import { briefInput, briefPlan } from '../support/brief.ts';

let steps: string[];
let recording: Promise<void>;
const start = vi.fn(async (type: string, { workflowId, args }: { workflowId: string; args: unknown[] }) => {
  steps.push(`starts ${type} as ${workflowId} with ${args}`);
});

const withDeadline = <T>(_: number, call: () => Promise<T>): Promise<T> => call();

beforeEach(() => {
  steps = [];
  recording = Promise.resolve();
  start.mockClear();
});

function made(given: Partial<PlainPlan> | undefined, more: Partial<TaskInput> = {}): HeadStarts {
  const headStarts = new HeadStarts({
    client: () => ({ workflow: { start }, connection: { withDeadline } }) as unknown as Client,
    record: async ({ sequence, runId, status }) => {
      await recording;
      steps.push(`records ${sequence} of ${runId}: ${status?.state}`);
    },
  });
  const args = given === undefined ? [] : [{ ...briefPlan, ...given }];
  headStarts.make(
    { workflowType: 'plainAgent', taskQueue: 'agents', args },
    { ...briefInput('t'), ...more },
    'run',
  );
  return headStarts;
}

test('the task is working, then its workflow begins; its step is told so once', async () => {
  const headStarts = made({});
  expect(await headStarts.has('agent-plain/t')).toBe(true);
  expect(steps).toEqual(['records 1 of run: working', 'starts Order as agent-plain/t with a chair']);
  expect(await headStarts.has('agent-plain/t')).toBe(false);
});

test.each([
  ['a workflow of the host’s own', undefined],
  ['one that may take longer', { brief: undefined } as unknown as Partial<PlainPlan>],
  ['one whose search attributes are to be checked first', { searchAttributes: { Customer: '$.text' } }],
])('%s has none', async (_, given) => {
  expect(await made(given).has('agent-plain/t')).toBe(false);
  expect(steps).toEqual([]);
});

test('one that may be a plain reply has none', async () => {
  expect(await made({}, { mayReply: true }).has('agent-plain/t')).toBe(false);
  expect(steps).toEqual([]);
});

test.each([
  ['Temporal does not take it', () => start.mockRejectedValueOnce(new Error('no'))],
  [
    'the record is away',
    () => {
      recording = Promise.reject(new Error('away'));
    },
  ],
  [
    'the record takes so long that the step has gone on',
    () => {
      recording = new Promise((resolve) => setTimeout(resolve, 600));
    },
  ],
])('where %s, the step does it by itself', async (_, goesWrong) => {
  goesWrong();
  expect(await made({}).has('agent-plain/t')).toBe(false);
  expect(steps.filter((step) => step.startsWith('starts'))).toEqual([]);
});

test('where its arguments cannot be made, the step tells', async () => {
  expect(await made({ args: { mapping: ['$.data.sku'] } }).has('agent-plain/t')).toBe(false);
  expect(start).not.toHaveBeenCalled();
});
