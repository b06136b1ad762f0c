import { describe, expect, test } from 'vitest';
import { plan, write } from '../../workflows/trip-planner/itinerary.ts';
import { SLOTS } from '../../workflows/trip-planner/places.ts';
import {
  readDays,
  readDaysAnswer,
  readDestination,
  readDestinationAnswer,
  readMessage,
} from '../../workflows/trip-planner/trip.ts';

test.each([
  ['3 days in Lisbon', 3],
  ['a five-day trip', 5],
  ['two weeks', 14],
  ['a weekend in Rome', 2],
  ['a long weekend', 3],
  ['3 nights', 4],
  ['a day', 1],
  ['13.5 days', undefined],
  ['Lisbon', undefined],
])('the days of %j', (text, days) => {
  expect(readDays(text)).toBe(days);
});

test.each([
  ['3 days in Lisbon, food', 'Lisbon'],
  ['rome please', 'Rome'],
  ['a week in San Sebastián.', 'San Sebastián'],
  ['a trip to Rio de Janeiro with kids', 'Rio de Janeiro'],
  ['we want to see art', undefined],
])('the destination of %j', (text, destination) => {
  expect(readDestination(text)).toBe(destination);
});

test('answers may be bare', () => {
  expect(readDestinationAnswer('san sebastián!')).toBe('San Sebastián');
  expect(readDestinationAnswer('LISBON')).toBe('Lisbon');
  expect(readDestinationAnswer('42')).toBeUndefined();
  expect(readDaysAnswer('4')).toBe(4);
  expect(readDaysAnswer('Four')).toBe(4);
  expect(readDaysAnswer('dunno')).toBeUndefined();
});

test('a message is read, and data goes before text', () => {
  expect(
    readMessage({ interests: [] }, { text: '3 days in Lisbon, food and art, budget 90 EUR', data: null }),
  ).toEqual({
    destination: 'Lisbon',
    days: 3,
    interests: ['art', 'food'],
    budget: { amount: 90, currency: 'EUR' },
  });
  expect(
    readMessage(
      { interests: [] },
      { text: 'Rome', data: { destination: 'paris', days: 2, budget: { amount: 5, currency: 'usd' } } },
    ),
  ).toEqual({ destination: 'Paris', days: 2, interests: [], budget: { amount: 5, currency: 'USD' } });
});

describe('an itinerary', () => {
  const placesOf = (made: ReturnType<typeof plan>) =>
    made.days.flatMap((day) => SLOTS.map((slot) => day[slot].place));

  test('is the same every time and repeats nothing while there is something new', () => {
    const wishes = { destination: 'Lisbon', days: 3, interests: ['food', 'art'], freeOnly: false } as const;
    expect(plan(wishes)).toEqual(plan(wishes));
    expect(new Set(placesOf(plan(wishes))).size).toBe(9);
    expect(plan(wishes).days[0]).toMatchObject({
      morning: { interest: 'food' },
      afternoon: { interest: 'art' },
    });
  });

  test.each(['Lisbon', 'Rome', 'Paris', 'Berlin', 'London', 'Tokyo', 'Oulu'])(
    'of %s fills 14 days, also when nothing may be spent',
    (destination) => {
      const made = plan({ destination, days: 14, interests: ['shopping'], freeOnly: true });
      expect(placesOf(made)).toHaveLength(42);
      expect(made.days.every((day) => SLOTS.every((slot) => day[slot].free))).toBe(true);
    },
  );

  test('says what becomes of the budget and the notes', () => {
    const made = plan({ destination: 'Oulu', days: 3, interests: [], freeOnly: false });
    const money = { amount: 100, currency: 'EUR' };
    expect(write(made, { money, approved: true }, { keywords: ['sauna'] })).toMatch(
      /^# 3 days in Oulu\n[\s\S]*100.00 EUR are approved: 33.33 EUR a day.\n[\s\S]*Keep in mind: sauna.\n$/,
    );
    expect(write(made, { money, approved: false }, { keywords: [], problem: 'Unreadable.' })).toMatch(
      /were not approved: everything in this plan is free.\n[\s\S]*Unreadable.\n$/,
    );
  });
});
