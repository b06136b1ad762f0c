import { expect, it } from 'vitest';
import {
  answerIn,
  newSession,
  questionOf,
  requestIdOf,
  sessionHeader,
  sessionIn,
} from '../../src/mcp/session.ts';

it.each([
  [{ elicitation: {} }, true],
  [{ elicitation: { form: {} } }, true],
  [{ elicitation: { url: {} } }, false],
  [{}, false],
  [undefined, false],
])('a session says what its client can: %o', (capabilities, elicits) => {
  const session = newSession(capabilities);
  expect(session.elicits).toBe(elicits);
  expect(sessionIn(sessionHeader(session))).toEqual(session);
});

it.each([undefined, null, '', 'x', '0f', 'https://other.example'])('%o is no session', (header) => {
  expect(sessionIn(header)).toBeUndefined();
});

it('a question is known by the request that asked it', () => {
  const question = { taskId: 'a-task', messageId: 'it:has:colons' };
  expect(questionOf(requestIdOf(question))).toEqual(question);
  for (const other of [
    7,
    null,
    'x',
    'task-question',
    'task-question:',
    `task-question:a:${'b'.repeat(2_000)}`,
  ]) {
    expect(questionOf(other)).toBeUndefined();
  }
});

it.each([
  [{ action: 'accept', content: { answer: 'yes' } }, 'yes'],
  [{ action: 'accept', content: { answer: 7 } }, undefined],
  [{ action: 'accept' }, undefined],
  [{ action: 'decline' }, undefined],
  [{ action: 'cancel' }, undefined],
  [undefined, undefined],
])('%o answers %o', (result, answer) => {
  expect(answerIn(result)).toBe(answer);
});
