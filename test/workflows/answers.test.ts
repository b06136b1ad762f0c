import { expect, test } from 'vitest';
import { answerOf, readAnswer } from '../../workflows/_shared/answers.ts';

test.each([
  ['yes', { meaning: 'yes' }],
  ['Y', { meaning: 'yes' }],
  ['OK.', { meaning: 'yes' }],
  ['I approve', { meaning: 'yes' }],
  ['Approved!', { meaning: 'yes' }],
  ['Yes, go ahead', { meaning: 'yes', comment: 'go ahead' }],
  ['no', { meaning: 'no' }],
  ['Rejected: over budget', { meaning: 'no', comment: 'over budget' }],
  ['No, but ask again in May', { meaning: 'no', comment: 'but ask again in May' }],
  ['not approved', { meaning: 'no' }],
  ['disapproved', { meaning: 'no' }],
  ['do not approve', { meaning: 'no', comment: 'approve' }],
  ['we refuse', { meaning: 'no' }],
])('%j is clear', (text, answer) => {
  expect(readAnswer(text)).toEqual(answer);
});

test.each([
  '',
  'maybe',
  'yes?',
  'yes if he has a receipt',
  'approve only half',
  'ok but not more than 50',
  'no, yes',
  'unable to approve',
  'I am not sure',
  'nothing to add',
  'yesterday',
  'notable',
])('%j is asked again', (text) => {
  expect(readAnswer(text)).toEqual({ meaning: 'unclear' });
});

test.each([
  [{ text: 'no', data: { approved: true } }, { meaning: 'yes' }],
  [
    { text: '', data: { approved: false, comment: ' late ' } },
    { meaning: 'no', comment: 'late' },
  ],
  [{ text: 'yes', data: { approved: 'true' } }, { meaning: 'yes' }],
  [{ text: '', data: undefined }, { meaning: 'unclear' }],
])('data goes before text: %j', (message, answer) => {
  expect(answerOf(message)).toEqual(answer);
});
