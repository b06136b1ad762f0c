import type { Money } from '../_shared/money.ts';
import type { Reason } from './conversation.ts';

export interface Order {
  number: string;
  customer: string;
  email: string;
  items: string;
  paid: Money;
  points: number;
  card: string;
  deliveredDaysAgo: number;
  status: 'paid' | 'refunded';
  /** What the bank says to a payment back to the card, when it is no yes. */
  bankRefusal?: string;
}

/** The demo shop's order book. Each order shows one way a refund can go. */
const ORDERS: Order[] = [
  {
    number: 'ORD-1001',
    customer: 'Ada Lind',
    email: 'ada@example.com',
    items: '2 ceramic mugs',
    paid: { amount: 24.9, currency: 'EUR' },
    points: 25,
    card: '4242',
    deliveredDaysAgo: 5,
    status: 'paid',
  },
  {
    number: 'ORD-1002',
    customer: 'Ben Okafor',
    email: 'ben@example.com',
    items: '1 pair of headphones',
    paid: { amount: 129, currency: 'EUR' },
    points: 129,
    card: '1881',
    deliveredDaysAgo: 12,
    status: 'paid',
  },
  {
    number: 'ORD-1003',
    customer: 'Chiara Rossi',
    email: 'chiara@example.com',
    items: '1 desk lamp',
    paid: { amount: 59, currency: 'EUR' },
    points: 59,
    card: '0069',
    deliveredDaysAgo: 8,
    status: 'paid',
    bankRefusal: 'the card ending 0069 was closed',
  },
  {
    number: 'ORD-1004',
    customer: 'Dev Patel',
    email: 'dev@example.com',
    items: '1 backpack',
    paid: { amount: 89, currency: 'EUR' },
    points: 89,
    card: '5556',
    deliveredDaysAgo: 45,
    status: 'paid',
  },
  {
    number: 'ORD-1005',
    customer: 'Eve Novak',
    email: 'eve@example.com',
    items: '3 notebooks',
    paid: { amount: 18.5, currency: 'EUR' },
    points: 18,
    card: '3714',
    deliveredDaysAgo: 20,
    status: 'refunded',
  },
];

export const orderByNumber = (number: string): Order | undefined =>
  ORDERS.find((order) => order.number === number);

const RETURN_DAYS = 30;

/** Why an order is not refunded; undefined when it may be. */
export function refusal(order: Order, reason: Reason): string | undefined {
  if (order.status === 'refunded') return `${order.number} was refunded already.`;
  if (reason === 'changed mind' && order.deliveredDaysAgo > RETURN_DAYS) {
    return `${order.number} was delivered ${order.deliveredDaysAgo} days ago; a change of mind is taken back for ${RETURN_DAYS} days.`;
  }
  return undefined;
}
