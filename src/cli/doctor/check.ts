import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';

/** One finding: `ok`, `wrong` with what to do about it, or `note` for what is neither. */
export interface Check {
  name: string;
  result: 'ok' | 'wrong' | 'note';
  /** What was found. */
  detail: string;
  /** What to do. */
  hint?: string;
}

export const ok = (name: string, detail: string): Check => ({ name, result: 'ok', detail });

export const note = (name: string, detail: string, hint?: string): Check => ({
  name,
  result: 'note',
  detail,
  ...(hint === undefined ? {} : { hint }),
});

export const wrong = (name: string, detail: string, hint?: string): Check => ({
  name,
  result: 'wrong',
  detail,
  ...(hint === undefined ? {} : { hint }),
});

export const DEADLINE_MS = 3_000;

/** Gives up after three seconds: a doctor that hangs helps nobody. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = delay(DEADLINE_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no answer within ${DEADLINE_MS / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

/** Why something failed, on one line; some of Node's errors have their words only in the parts they are made of. */
export function reasonOf(error: unknown): string {
  const message = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
  return message.replace(/\s+/g, ' ').trim();
}
