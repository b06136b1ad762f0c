import { expect, test } from 'vitest';
import { bookReturn, findOrder, payBack } from '../../workflows/order-refund/activities.ts';
import {
  type Reason,
  readMessage,
  readOrderNumber,
  readReason,
} from '../../workflows/order-refund/conversation.ts';
import { orderByNumber, refusal } from '../../workflows/order-refund/orders.ts';

test.each([
  ['ORD-1001', 'ORD-1001'],
  ['my order ord 1002 please', 'ORD-1002'],
  ['#1003', 'ORD-1003'],
  ['order 1004.', 'ORD-1004'],
  ['it cost 1004.50', undefined],
  ['12345', undefined],
  ['none', undefined],
])('the order number in %j', (text, number) => {
  expect(readOrderNumber(text)).toBe(number);
});

test.each<[string, Reason | undefined]>([
  ['the mugs arrived broken', 'damaged'],
  ["it doesn't work", 'damaged'],
  ['It never arrived, so I no longer need it', 'not arrived'],
  ['you sent the wrong one', 'wrong item'],
  ['I changed my mind', 'changed mind'],
  ["it doesn't fit", 'changed mind'],
  ['not arrived', 'not arrived'],
  ['Other', 'other'],
  ['I want my money back', undefined],
])('the reason in %j', (text, reason) => {
  expect(readReason(text)).toBe(reason);
});

test('a later message corrects the number and keeps the reason', () => {
  const first = readMessage({}, { text: 'order 9999 is broken', data: undefined });
  expect(first).toEqual({ orderNumber: 'ORD-9999', reason: 'damaged' });
  expect(readMessage(first, { text: 'sorry, ORD-1001', data: undefined })).toEqual({
    orderNumber: 'ORD-1001',
    reason: 'damaged',
  });
  expect(
    readMessage({}, { text: '', data: { orderNumber: '1002', reason: 'other', confirmed: true } }),
  ).toEqual({
    orderNumber: 'ORD-1002',
    reason: 'other',
    confirmed: true,
  });
});

test.each<[string, Reason, boolean]>([
  ['ORD-1001', 'changed mind', false],
  ['ORD-1004', 'changed mind', true],
  ['ORD-1004', 'damaged', false],
  ['ORD-1005', 'damaged', true],
])('%s for %s: refused %s', (number, reason, refused) => {
  const order = orderByNumber(number);
  if (!order) throw new Error(`no order ${number}`);
  expect(refusal(order, reason) !== undefined).toBe(refused);
});

test('a repeated step gives the same reference, another task another one', async () => {
  const step = { orderNumber: 'ORD-1001', key: 'task-1' };
  expect(await bookReturn(step)).toBe(await bookReturn(step));
  expect(await bookReturn(step)).not.toBe(await bookReturn({ ...step, key: 'task-2' }));
});

test('the bank refuses ORD-1003, and there is no ORD-9999', async () => {
  await expect(payBack({ orderNumber: 'ORD-1003', key: 'task' })).rejects.toMatchObject({ type: 'Refused' });
  expect(await findOrder('ORD-9999')).toBeNull();
});
