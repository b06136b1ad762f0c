/** What the answer to a try means, and when the next one is due. Pure. */
import type { PostAnswer } from './ports.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 10 * 60_000;
/** A webhook that takes nothing for this long is given up. */
export const GIVE_UP_MS = 24 * 3_600_000;

export type Verdict =
  | { outcome: 'taken' }
  | { outcome: 'gone' }
  /** `retryAfterMs`: the webhook asked not to be tried sooner. */
  | { outcome: 'failed'; problem: string; retryAfterMs?: number };

/** A2A v1.0 §4.3.3: 2xx acknowledges. Redirects are not followed: where they lead, nobody has said to post. */
export function verdictOn({ status, retryAfter }: PostAnswer, now: number): Verdict {
  if (status >= 200 && status < 300) return { outcome: 'taken' };
  if (status === 410) return { outcome: 'gone' };
  const redirect = status >= 300 && status < 400;
  const asked = retryAfter === undefined ? undefined : waitOf(retryAfter, now);
  return {
    outcome: 'failed',
    problem: redirect ? `answered ${status}; redirects are not followed` : `answered ${status}`,
    ...(asked === undefined ? {} : { retryAfterMs: asked }),
  };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function waitOf(retryAfter: string, now: number): number | undefined {
  const text = retryAfter.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/**
 * How long to wait before the next try: twice as long with each failure, up to ten minutes, and less by up to half, so
 * that those who failed together do not come back together. Never sooner than the webhook asked.
 * @param failures in a row, the last one counted.
 * @param random from 0 to 1.
 */
export function delayAfter(failures: number, retryAfterMs: number | undefined, random: number): number {
  const grown = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  return Math.max(Math.round(grown * (1 - random / 2)), Math.min(retryAfterMs ?? 0, GIVE_UP_MS));
}

export const isExpired = (failingSince: string | undefined, now: number): boolean =>
  failingSince !== undefined && now - Date.parse(failingSince) >= GIVE_UP_MS;
