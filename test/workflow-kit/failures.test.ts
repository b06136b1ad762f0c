import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { expect, test } from 'vitest';
import { describeFailure, TaskEnded } from '../../src/workflow-kit/failures.ts';

const activity = (cause?: Error): ActivityFailure =>
  new ActivityFailure('Activity task failed', 'chargeCard', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'worker', cause);
const child = (cause?: Error): ChildWorkflowFailure =>
  new ChildWorkflowFailure(
    'default',
    { workflowId: 'w', runId: 'r' },
    'shipOrder',
    'NON_RETRYABLE_FAILURE',
    cause,
  );
const timeout = new TimeoutFailure('timed out', undefined, TimeoutType.START_TO_CLOSE);

const FAILURES: [what: string, thrown: unknown, told: string][] = [
  ['an error', new RangeError('too far'), 'too far'],
  ['an error without a message', new RangeError(), 'RangeError'],
  ['a rejection', new TaskEnded('rejected', 'no'), 'the task is rejected'],
  ['an application failure', ApplicationFailure.nonRetryable('no card', 'Card'), 'no card'],
  ['one without a message', ApplicationFailure.create({}), 'Failed without a message'],
  ['an activity’s failure', activity(ApplicationFailure.retryable('card refused')), 'card refused'],
  ['an activity’s without a cause', activity(), 'Activity task failed'],
  ['an activity’s timeout', activity(timeout), 'Step chargeCard timed out'],
  ['a child’s failure', child(ApplicationFailure.retryable('no ship')), 'no ship'],
  ['a child’s timeout', child(timeout), 'Workflow shipOrder timed out'],
  ['what lies at the bottom', child(activity(new Error('the port is closed'))), 'the port is closed'],
  ['an activity’s timeout in a child', child(activity(timeout)), 'Step chargeCard timed out'],
  ['a timeout', timeout, 'Timed out'],
  ['a text', 'just so', 'just so'],
  ['an empty text', '', 'Failed without a message'],
  ['nothing', undefined, 'Failed without a message'],
  ['an object', { message: 'x' }, 'Failed without a message'],
];

test.each(FAILURES)('%s is told by its cause', (_what, thrown, told) => {
  expect(describeFailure(thrown)).toBe(told);
});
