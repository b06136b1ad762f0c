import { expect, it } from 'vitest';
import { readPlace, writePlace } from '../../src/web/page-token.ts';

const place = { at: '2026-11-21T10:00:00.123Z', id: '00000000-0000-4000-8000-000000000000' };
const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

it('is read as it was written', () => {
  expect(readPlace(writePlace(place))).toEqual(place);
});

it.each([
  '',
  'x',
  token(null),
  token({}),
  token([place.at]),
  token([place.at, 'x']),
  token([[place.at], place.id]),
  token([place.at, place.id.toUpperCase().replaceAll('0', 'A')]),
  token(['2026-11-21T10:00:00Z', place.id]),
  token(['2026-11-21', place.id]),
  token(['0000-01-01T00:00:00.000Z', place.id]),
  token(['+275760-09-13T00:00:00.000Z', place.id]),
  token(['-271821-04-20T00:00:00.000Z', place.id]),
])('%s is none', (given) => {
  expect(readPlace(given)).toBeUndefined();
});
