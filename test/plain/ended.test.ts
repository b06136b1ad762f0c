import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { endedFromOutside, whyFailed } from '../../src/plain/ended.ts';

test.each([
  [new CancelledFailure('x'), 'Workflow Order was canceled'],
  [new TerminatedFailure('x'), 'Workflow Order was terminated by an operator'],
  [new TimeoutFailure('x', undefined, 'START_TO_CLOSE'), 'Workflow Order timed out'],
  [ApplicationFailure.nonRetryable('No chairs'), 'No chairs'],
])('%s', (cause, text) => {
  expect(whyFailed('Order', cause)).toBe(text);
});

test('its own failure is nobody else’s doing', () => {
  expect(endedFromOutside('Order', ApplicationFailure.nonRetryable('x'))).toBeUndefined();
});
