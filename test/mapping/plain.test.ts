import { describe, expect, test } from 'vitest';
import { durationMs, messageRoots, planOf, questionIn } from '../../src/mapping/plain.ts';
import type { Part } from '../../src/tasks/task.ts';

const subject = (parts: Part[]) => ({
  taskId: 't',
  contextId: 'c',
  message: { messageId: 'm', role: 'user' as const, parts },
});
const plain = { workflowType: 'Order', taskQueue: 'orders' };

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['0s', undefined],
  ['5', undefined],
  ['1w', undefined],
  ['-1s', undefined],
  ['99999d', undefined],
])('durationMs %s', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test('data is reached only when the message has a data part', () => {
  expect(messageRoots(subject([{ text: 'x' }]))).not.toHaveProperty('data');
  expect(messageRoots(subject([{ data: null }]))).toHaveProperty('data', null);
});

describe('planOf', () => {
  test('says what is not said', () => {
    expect(planOf(plain, subject([{ text: 'x' }]))).toEqual({
      ...plain,
      args: 'message',
      result: 'value',
      timeoutMs: 86_400_000,
      cancelWithinMs: 10_000,
    });
  });

  test('a function’s arguments are values, as Temporal carries them', () => {
    const args = ({ text }: { text: string }) => [text, { at: new Date(0), left: undefined }];
    expect(planOf({ ...plain, args }, subject([{ text: 'x' }])).args).toEqual({
      values: ['x', { at: '1970-01-01T00:00:00.000Z' }],
    });
  });

  test.each([
    ['arguments', { args: ['$.data.id'] }],
    ['a memo', { memo: { id: '$.data.id' } }],
    ['search attributes', { searchAttributes: { Id: '$.data.id' } }],
  ])('refuses a message that %s cannot be made of', (_, given) => {
    expect(() => planOf({ ...plain, ...given }, subject([{ text: 'x' }]))).toThrow('$.data.id is missing');
    expect(() => planOf({ ...plain, ...given }, subject([{ data: { id: 1 } }]))).not.toThrow();
  });
});

describe('questionIn', () => {
  const waits = { query: 'q', update: 'u' };
  const said = { when: '$.answer.pending', question: 'Approve {{ $.answer.amount }}?' };
  test.each<[string, object, unknown, string | undefined]>([
    ['its answer is the question', {}, 'Sure?', 'Sure?'],
    ['an empty answer', {}, '', undefined],
    ['null', {}, null, undefined],
    ['no answer', {}, undefined, undefined],
    ['false', {}, false, undefined],
    ['an object', {}, { a: 1 }, '{"a":1}'],
    ['it says that it waits', said, { pending: true, amount: 5 }, 'Approve 5?'],
    ['it says that it does not', said, { pending: false, amount: 5 }, undefined],
    ['it says nothing of it', said, {}, undefined],
    ['a question that is an object', { question: '$.answer' }, { a: 1 }, '{"a":1}'],
    ['a question that is not there', { question: '$.answer.ask?' }, { a: 1 }, '{"a":1}'],
  ])('%s', (_, given, answer, question) => {
    expect(questionIn({ ...waits, ...given }, answer)).toBe(question);
  });
});
