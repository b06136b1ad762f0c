import { describe, expect, it } from 'vitest';
import { resultOf } from '../../src/mcp/result.ts';
import type { Part, Task, TaskState } from '../../src/tasks/task.ts';

const at = '2026-01-01T00:00:00.000Z';

const taskIn = (state: TaskState, said?: string, parts: Part[] = []): Task => ({
  id: 'a-task',
  agentCode: 'echo',
  contextId: 'a-context',
  owner: 'someone',
  status: { state, at, ...(said && { message: { messageId: 'm', role: 'agent', parts: [{ text: said }] } }) },
  version: 1,
  artifacts: parts.length === 0 ? [] : [{ artifactId: 'made', parts }],
  history: [],
  metadata: {},
  createdAt: at,
  updatedAt: at,
});

describe('what came of a call', () => {
  it.each<[Part, object]>([
    [{ text: 'a line' }, { type: 'text', text: 'a line' }],
    [{ data: { a: 1 } }, { type: 'text', text: '{"a":1}' }],
    [
      { raw: 'aGk=', mediaType: 'image/png' },
      { type: 'image', data: 'aGk=', mimeType: 'image/png' },
    ],
    [
      { raw: 'aGk=', mediaType: 'audio/wav' },
      { type: 'audio', data: 'aGk=', mimeType: 'audio/wav' },
    ],
    [
      { raw: 'aGk=', filename: 'a b.pdf', mediaType: 'application/pdf' },
      {
        type: 'resource',
        resource: { uri: 'urn:task:a-task:a%20b.pdf:0', mimeType: 'application/pdf', blob: 'aGk=' },
      },
    ],
    [
      {
        url: 'http://host/files/1',
        file: { id: '1', size: 70_000 },
        filename: 'scan.png',
        mediaType: 'image/png',
      },
      {
        type: 'resource_link',
        uri: 'http://host/files/1',
        name: 'scan.png',
        mimeType: 'image/png',
        size: 70_000,
      },
    ],
    [{ url: 'http://elsewhere/' }, { type: 'resource_link', uri: 'http://elsewhere/', name: 'made' }],
  ])('%o', (part, content) => {
    expect(resultOf(taskIn('completed', undefined, [part])).content).toEqual([content]);
  });

  it('is told once when it is both said and made', () => {
    const { content } = resultOf(taskIn('completed', 'hello', [{ text: 'hello' }, { text: 'more' }]));
    expect(content).toEqual([
      { type: 'text', text: 'hello' },
      { type: 'text', text: 'more' },
    ]);
  });

  it('is told with its task', () => {
    expect(resultOf(taskIn('completed', 'Done', [{ data: [1] }]))).toEqual({
      content: [
        { type: 'text', text: 'Done' },
        { type: 'text', text: '[1]' },
      ],
      structuredContent: {
        taskId: 'a-task',
        contextId: 'a-context',
        state: 'completed',
        message: 'Done',
        data: { made: [1] },
      },
    });
    expect(resultOf(taskIn('completed')).content).toEqual([{ type: 'text', text: 'The task is completed' }]);
  });

  it.each<[TaskState, boolean, string]>([
    ['failed', true, ''],
    ['rejected', true, ''],
    ['canceled', true, ''],
    ['input-required', false, 'call continue_task with taskId "a-task" and the answer'],
    ['auth-required', false, 'call continue_task with taskId "a-task"'],
    ['working', false, 'call continue_task with taskId "a-task"'],
    ['submitted', false, 'call continue_task with taskId "a-task"'],
  ])('%s', (state, isError, hint) => {
    const result = resultOf(taskIn(state, 'Because'));
    expect(result.isError ?? false).toBe(isError);
    expect(result.content[0]).toEqual({ type: 'text', text: 'Because' });
    expect(JSON.stringify(result.content.slice(1)).replaceAll('\\"', '"')).toContain(hint);
  });
});
