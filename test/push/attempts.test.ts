import { describe, expect, it } from 'vitest';
import { delayAfter, GIVE_UP_MS, isExpired, verdictOn } from '../../src/push/attempts.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('what an answer means', () => {
  it.each([
    [{ status: 200 }, { outcome: 'taken' }],
    [{ status: 204 }, { outcome: 'taken' }],
    [{ status: 410 }, { outcome: 'gone' }],
    [{ status: 404 }, { outcome: 'failed', problem: 'answered 404' }],
    [{ status: 302 }, { outcome: 'failed', problem: 'answered 302; redirects are not followed' }],
    [
      { status: 429, retryAfter: '120' },
      { outcome: 'failed', problem: 'answered 429', retryAfterMs: 120_000 },
    ],
    [
      { status: 503, retryAfter: 'Sat, 21 Nov 2026 12:00:30 GMT' },
      { outcome: 'failed', problem: 'answered 503', retryAfterMs: 30_000 },
    ],
    [
      { status: 503, retryAfter: 'Sat, 21 Nov 2026 11:00:00 GMT' },
      { outcome: 'failed', problem: 'answered 503', retryAfterMs: 0 },
    ],
    [
      { status: 503, retryAfter: 'soon' },
      { outcome: 'failed', problem: 'answered 503' },
    ],
  ])('%j', (answer, verdict) => {
    expect(verdictOn(answer, NOW)).toEqual(verdict);
  });
});

describe('when the next try is due', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [11, 600_000],
    [1_000, 600_000],
  ])('after %d failures %d ms, and down to half of it', (failures, longest) => {
    expect(delayAfter(failures, undefined, 0)).toBe(longest);
    expect(delayAfter(failures, undefined, 1)).toBe(longest / 2);
  });

  it.each([
    ['not sooner than asked', 30_000, 30_000],
    ['not much sooner than it would anyway', 10, 500],
    ['not after it would be given up', 10 * GIVE_UP_MS, GIVE_UP_MS],
  ])('%s', (_what, asked, delay) => {
    expect(delayAfter(1, asked, 1)).toBe(delay);
  });

  it.each([
    [undefined, false],
    ['2026-11-20T12:00:01Z', false],
    ['2026-11-20T12:00:00Z', true],
  ])('failing since %s: given up is %s', (since, expired) => {
    expect(isExpired(since, NOW)).toBe(expired);
  });
});
