import { describe, expect, test } from 'vitest';
import {
  complete,
  type Draft,
  missing,
  readData,
  readText,
} from '../../workflows/expense-approval/expense.ts';
import { needsApproval, readDuration, readSchedule } from '../../workflows/expense-approval/policy.ts';

describe('an expense in words', () => {
  test.each<[string, Draft]>([
    ['45.50 EUR taxi to airport', { amount: 45.5, currency: 'EUR', purpose: 'taxi to airport' }],
    ['Please approve $20 for lunch', { amount: 20, currency: 'USD', purpose: 'lunch' }],
    ['I spent 1.200,00 euros on a chair.', { amount: 1200, currency: 'EUR', purpose: 'chair' }],
    ['taxi 45.50', { amount: 45.5, purpose: 'taxi' }],
    ['taxi', { purpose: 'taxi' }],
    ['EUR 5', { amount: 5, currency: 'EUR' }],
    ['0 EUR nothing', { currency: 'EUR', purpose: 'nothing' }],
    ['2 nights for 3 people', { purpose: '2 nights for 3 people' }],
    ['5 EUR or 6 EUR tea', { amounts: ['5.00 EUR', '6.00 EUR'], purpose: 'or tea' }],
    ['', {}],
  ])('%j', (text, draft) => {
    expect(readText({}, text)).toEqual(draft);
  });

  test.each<[Draft, string, Draft]>([
    [{ purpose: 'taxi' }, '45.50', { purpose: 'taxi', amount: 45.5 }],
    [{ purpose: 'taxi', amount: 45.5 }, 'in euros', { purpose: 'taxi', amount: 45.5, currency: 'EUR' }],
    [{ amount: 5, currency: 'EUR' }, 'it was for tea', { amount: 5, currency: 'EUR', purpose: 'tea' }],
    [{ amounts: ['5.00 EUR', '6.00 EUR'] }, '6 EUR', { amount: 6, currency: 'EUR' }],
  ])('%j and then %j', (known, text, draft) => {
    expect(readText(known, text)).toEqual(draft);
  });
});

test('data is read as it comes', () => {
  expect(readData({}, { amount: 5, currency: 'eur', purpose: ' tea ', employee: 'Ada' })).toEqual({
    amount: 5,
    currency: 'EUR',
    purpose: 'tea',
    employee: 'Ada',
  });
  expect(readData({}, { amount: -5, currency: 'euro', purpose: '' })).toEqual({});
  expect(readData({ purpose: 'tea' }, 'nothing')).toEqual({ purpose: 'tea' });
});

test.each<[Draft, RegExp | undefined]>([
  [{}, /amount, currency and purpose/],
  [{ purpose: 'tea' }, /How much/],
  [{ amount: 5 }, /In which currency were the 5/],
  [{ amount: 5, currency: 'EUR' }, /What were the 5.00 EUR spent on/],
  [{ amounts: ['5.00 EUR', '6.00 EUR'] }, /5.00 EUR or 6.00 EUR/],
  [{ amount: 5, currency: 'EUR', purpose: 'tea' }, undefined],
])('asks for what is missing of %j', (draft, question) => {
  if (question === undefined) expect(missing(draft)).toBeUndefined();
  else expect(missing(draft)).toMatch(question);
  expect(complete(draft) === undefined).toBe(question !== undefined);
});

test.each([
  [{ amount: 100, currency: 'EUR' }, undefined],
  [{ amount: 100.01, currency: 'EUR' }, 'it is above the limit of 100.00 EUR'],
  [{ amount: 15_000, currency: 'JPY' }, undefined],
  [{ amount: 1, currency: 'XAU' }, 'no limit is set for XAU'],
])('the limit of %j', (money, reason) => {
  expect(needsApproval(money)).toBe(reason);
});

test.each([
  ['2s', 2_000],
  ['250ms', 250],
  ['1.5 h', 5_400_000],
  ['2 days', 172_800_000],
  ['1 min', 60_000],
  ['10m', 600_000],
  ['1w', 604_800_000],
  ['0s', undefined],
  ['366d', undefined],
  ['soon', undefined],
  ['5', undefined],
  [5, undefined],
])('the duration %j', (value, ms) => {
  expect(readDuration(value)).toBe(ms);
});

test('the schedule comes from data before metadata, and a bad one is refused', () => {
  expect(readSchedule({ data: undefined, metadata: {} })).toEqual({
    remindAfter: 86_400_000,
    deadline: 604_800_000,
  });
  expect(readSchedule({ data: { deadline: '5s' }, metadata: { deadline: '9s', remindAfter: '2s' } })).toEqual(
    {
      remindAfter: 2_000,
      deadline: 5_000,
    },
  );
  expect(readSchedule({ data: null, metadata: { deadline: 'never' } })).toEqual({
    problem: expect.stringContaining('deadline "never" is no duration'),
  });
});
