import { findMoney, type Money } from '../_shared/money.ts';
import { INTERESTS, type Interest, KNOWN_DESTINATIONS } from './places.ts';

/** What is known of the trip so far. */
export interface Trip {
  destination?: string;
  days?: number;
  interests: Interest[];
  budget?: Money;
  notes?: string;
}

export const MAX_DAYS = 14;

const SIGNS: Record<Interest, RegExp> = {
  art: /\b(art|arts|galler(y|ies)|paintings?|museums?|design)\b/i,
  food: /\b(food|eat|eating|restaurants?|cuisine|wine|cafés?|cafes?|seafood|cooking)\b/i,
  history: /\b(history|historic(al)?|castles?|ruins?|ancient|churches|cathedrals?|old town|architecture)\b/i,
  nature: /\b(nature|parks?|hik(e|es|ing)|beach(es)?|gardens?|outdoors?|views?|walks?)\b/i,
  nightlife: /\b(nightlife|bars?|clubs?|clubbing|music|concerts?|jazz|theat(re|er))\b/i,
  shopping: /\b(shopping|shops?|boutiques?|flea markets?|souvenirs?)\b/i,
};

const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

export const readInterests = (text: string): Interest[] =>
  INTERESTS.filter((interest) => SIGNS[interest].test(text));

/** "3 days", "a five-day trip", "a long weekend", "two weeks". */
export function readDays(text: string): number | undefined {
  const match =
    /(?<![\p{L}\d.,])(\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten)[\s-]+(days?|nights?|weeks?)\b/iu.exec(
      text,
    );
  if (!match) return /\blong weekend\b/i.test(text) ? 3 : /\bweekend\b/i.test(text) ? 2 : undefined;
  const name = (match[1] ?? '').toLowerCase();
  const count = /^an?$/.test(name) ? 1 : /^\d/.test(name) ? Number(name) : NUMBERS.indexOf(name) + 1;
  const unit = (match[2] ?? '').toLowerCase();
  if (unit.startsWith('week')) return count * 7;
  return unit.startsWith('night') ? count + 1 : count;
}

export function readDestination(text: string): string | undefined {
  const known = KNOWN_DESTINATIONS.find((name) => new RegExp(`\\b${name}\\b`, 'i').test(text));
  if (known !== undefined) return known;
  // A name begins with a capital letter: "to see art in Porto" must not go to "see art".
  const match =
    /\b(?:in|to|around|visit|visiting)\s+(?:the\s+)?(\p{Lu}[\p{L}’'.-]*(?:\s+(?:(?:de|of|la|el|do|da)\s+)?\p{Lu}[\p{L}’'.-]*)*)/u.exec(
      text,
    );
  return match?.[1]?.replace(/[.’'-]+$/, '');
}

/** Adds what a message tells. */
export function readMessage(trip: Trip, message: { text: string; data: unknown }): Trip {
  const { text } = message;
  const [budget] = findMoney(text).money;
  const destination = readDestination(text);
  const days = readDays(text);
  const interests = [...new Set([...trip.interests, ...readInterests(text)])];
  const next: Trip = {
    ...trip,
    interests,
    ...(destination === undefined ? {} : { destination }),
    ...(days === undefined ? {} : { days }),
    ...(budget === undefined || budget.amount === 0 ? {} : { budget }),
  };
  return readData(next, message.data);
}

/** The first data part was validated by the host, a later one is read as it comes. */
function readData(trip: Trip, data: unknown): Trip {
  if (typeof data !== 'object' || data === null) return trip;
  const { destination, days, interests, budget, notes } = data as Record<string, unknown>;
  const next = { ...trip };
  if (typeof destination === 'string' && destination.trim() !== '') next.destination = nameOf(destination);
  if (typeof days === 'number' && Number.isInteger(days)) next.days = days;
  if (Array.isArray(interests)) next.interests = INTERESTS.filter((each) => interests.includes(each));
  if (isMoney(budget)) next.budget = { amount: budget.amount, currency: budget.currency.toUpperCase() };
  if (typeof notes === 'string' && notes.trim() !== '') next.notes = notes;
  return next;
}

const isMoney = (value: unknown): value is Money =>
  typeof value === 'object' &&
  value !== null &&
  'amount' in value &&
  typeof value.amount === 'number' &&
  value.amount > 0 &&
  'currency' in value &&
  typeof value.currency === 'string';

/** An answer to "where to?" is a name, however it is written. */
export function readDestinationAnswer(text: string): string | undefined {
  const name = text.trim().replace(/[\s.!]+$/, '');
  return /^\p{L}[\p{L}\s’'.-]{0,79}$/u.test(name) ? nameOf(name) : undefined;
}

/** An answer to "how many days?" may be the bare number. */
export function readDaysAnswer(text: string): number | undefined {
  const bare = /^\D{0,20}?(\d{1,3})\D{0,20}$/.exec(text.trim())?.[1];
  const word = NUMBERS.indexOf(text.trim().toLowerCase()) + 1;
  return readDays(text) ?? (bare === undefined ? word || undefined : Number(bare));
}

const nameOf = (text: string): string =>
  KNOWN_DESTINATIONS.find((name) => name.toLowerCase() === text.trim().toLowerCase()) ??
  text.trim().replace(/(^|[\s-])\p{Ll}/gu, (letter) => letter.toUpperCase());
