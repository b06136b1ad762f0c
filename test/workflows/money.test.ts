import { expect, test } from 'vitest';
import { findCurrency, findMoney, formatMoney, readNumber } from '../../workflows/_shared/money.ts';

test.each([
  ['12', 12],
  ['45.50', 45.5],
  ['45,5', 45.5],
  ['1,234.50', 1234.5],
  ['1.234,50', 1234.5],
  ["1'234.50", 1234.5],
  ['1,234', 1234],
  ['1.234.567', 1234567],
  ['1,23,456', undefined],
  ['0.125', undefined],
  ['12.3456', undefined],
  ['99999999999999999999', undefined],
  ['twelve', undefined],
])('reads the number %s', (text, value) => {
  expect(readNumber(text)).toBe(value);
});

test.each([
  ['45.50 EUR taxi', [{ amount: 45.5, currency: 'EUR' }], 'taxi'],
  ['taxi, €45,50', [{ amount: 45.5, currency: 'EUR' }], 'taxi,'],
  ['usd 20 for lunch', [{ amount: 20, currency: 'USD' }], 'for lunch'],
  [
    '20 dollars and 30 euros',
    [
      { amount: 20, currency: 'USD' },
      { amount: 30, currency: 'EUR' },
    ],
    'and',
  ],
  ['5 EUR, that is €5', [{ amount: 5, currency: 'EUR' }], ', that is'],
  ['3 europeans', [], '3 europeans'],
  ['-5 EUR', [], '-5 EUR'],
  ['no price', [], 'no price'],
])('finds the money in %j', (text, money, rest) => {
  expect(findMoney(text)).toEqual({ money, rest });
});

test.each([
  ['in euros', 'EUR'],
  ['CHF', 'CHF'],
  ['$', 'USD'],
  ['neuron', undefined],
])('finds the currency in %j', (text, currency) => {
  expect(findCurrency(text)).toBe(currency);
});

test('writes cents where there are some', () => {
  expect(formatMoney({ amount: 45.5, currency: 'EUR' })).toBe('45.50 EUR');
  expect(formatMoney({ amount: 900, currency: 'JPY' })).toBe('900 JPY');
});
