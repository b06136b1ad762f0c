import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { formatMoney } from '../_shared/money.ts';
import { type Order, orderByNumber } from './orders.ts';

/**
 * The demo shop's systems. Each step is given a key by which a real system would know a repeated request; here
 * the reference that it gives is made of that key, so that a repeated step gives the same one.
 */

export interface Step {
  orderNumber: string;
  /** The same for every attempt. */
  key: string;
}

export async function findOrder(number: string): Promise<Order | null> {
  return orderByNumber(number) ?? null;
}

export async function bookReturn(step: Step): Promise<string> {
  const { items } = known(step);
  return `Return of ${items} booked as ${reference('RET', step)}`;
}

export async function cancelReturn(step: Step): Promise<string> {
  return `Return ${reference('RET', step)} canceled`;
}

export async function takeBackPoints(step: Step): Promise<string> {
  return `${known(step).points} points taken back as ${reference('PTS', step)}`;
}

export async function giveBackPoints(step: Step): Promise<string> {
  return `${known(step).points} points given back (${reference('PTS', step)})`;
}

export async function payBack(step: Step): Promise<string> {
  const { bankRefusal, paid, card } = known(step);
  // A refusal is an answer: it is not asked again, and nothing is left to undo of it.
  if (bankRefusal !== undefined) throw ApplicationFailure.nonRetryable(bankRefusal, 'Refused');
  return `${formatMoney(paid)} paid back to the card ending ${card} as ${reference('PAY', step)}`;
}

export async function reversePayment(step: Step): Promise<string> {
  return `Payment ${reference('PAY', step)} taken back`;
}

export async function notifyCustomer(step: Step): Promise<string> {
  return `Confirmation ${reference('MSG', step)} sent to ${known(step).email}`;
}

function known({ orderNumber }: Step): Order {
  const order = orderByNumber(orderNumber);
  if (!order) throw ApplicationFailure.nonRetryable(`there is no order ${orderNumber}`, 'Refused');
  return order;
}

const reference = (kind: string, { key }: Step): string =>
  `${kind}-${createHash('sha256').update(`${kind} ${key}`).digest('hex').slice(0, 8).toUpperCase()}`;
