import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { readFile, saveFile } from '../../src/activity-kit/index.ts';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import type { Files } from '../../src/tasks/files.ts';
import type { Part } from '../../src/tasks/task.ts';
import { withTaskFiles } from '../../src/temporal/task-files.ts';

// The real ones have their own tests; these say what they were asked.
const files = {
  read: async (taskId: string, id: string) => Buffer.from(`${id} of ${taskId}`),
  save: async (taskId: string, bytes: Uint8Array, about: object) => ({
    text: `${bytes} for ${taskId}`,
    ...about,
  }),
} as unknown as Files;

/** Runs an activity as the worker does, for the workflow with this id. */
function run<T>(activity: () => Promise<T>, workflowId = workflowIdOf('t1')): Promise<T> {
  const info = { workflowExecution: { workflowId, runId: 'r' } };
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
  const wrapped = withTaskFiles({ activity }, files).activity as () => Promise<T>;
  return environment.run(wrapped);
}

const textOf = async (part: Part): Promise<string> => Buffer.from(await readFile(part)).toString();

describe('readFile', () => {
  test.each<[part: Part, text: string]>([
    [{ file: { id: 'f', size: 1 }, url: 'http://host/files/f' }, 'f of t1'],
    [{ raw: 'YWJj' }, 'abc'],
    [{ text: 'ä' }, 'ä'],
  ])('reads %j', async (part, text) => {
    expect(await run(() => textOf(part))).toBe(text);
  });

  test.each<Part>([{ url: 'http://elsewhere' }, { data: { a: 1 } }])('refuses %j', async (part) => {
    await expect(run(() => readFile(part))).rejects.toMatchObject({
      message: 'readFile: the part holds no file, raw bytes or text',
      nonRetryable: true,
    });
  });
});

describe('saveFile', () => {
  test('takes bytes and text', async () => {
    const about = { mediaType: 'text/plain', filename: 'a.txt' };
    expect(await run(() => saveFile('ä', about))).toEqual({ text: 'ä for t1', ...about });
    expect(await run(() => saveFile(Buffer.from('b')))).toEqual({ text: 'b for t1' });
  });

  test('is for the activities of a task’s own workflow', async () => {
    await expect(run(() => saveFile('a'), 'another-workflow')).rejects.toMatchObject({
      message: expect.stringContaining('by the activities of a task’s own workflow'),
      nonRetryable: true,
    });
  });
});
