import { formatMoney, type Money } from '../_shared/money.ts';

/** Up to and with these an expense needs nobody. */
const LIMITS: Record<string, number> = { EUR: 100, USD: 100, GBP: 100, CHF: 100, JPY: 15_000, SEK: 1_000 };

/** Why a person has to decide; undefined when the amount is within its limit. */
export function needsApproval({ amount, currency }: Money): string | undefined {
  const limit = LIMITS[currency];
  if (limit === undefined) return `no limit is set for ${currency}`;
  if (amount <= limit) return undefined;
  return `it is above the limit of ${formatMoney({ amount: limit, currency })}`;
}

export interface Schedule {
  /** In milliseconds after the question. */
  remindAfter: number;
  deadline: number;
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const LONGEST = 365 * 86_400_000;

/** "30s", "1.5 h", "2 days": milliseconds, at most a year. Undefined when it is no such duration. */
export function readDuration(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)$/i.exec(
    value.trim(),
  );
  if (!match) return undefined;
  const name = (match[2] ?? '').toLowerCase();
  const ms = Math.round(Number(match[1]) * (UNITS[name] ?? UNITS[name.charAt(0)] ?? Number.NaN));
  return ms > 0 && ms <= LONGEST ? ms : undefined;
}

/** Reminder and deadline: from the message's data or metadata, else a day and a week. */
export function readSchedule(message: {
  data: unknown;
  metadata: Readonly<Record<string, unknown>>;
}): Schedule | { problem: string } {
  const data = typeof message.data === 'object' && message.data !== null ? message.data : {};
  const given: Record<string, unknown> = { ...message.metadata, ...data };
  const schedule: Schedule = { remindAfter: UNITS.d ?? 0, deadline: UNITS.w ?? 0 };
  for (const name of ['remindAfter', 'deadline'] as const) {
    if (given[name] === undefined) continue;
    const duration = readDuration(given[name]);
    if (duration === undefined) {
      const shown = JSON.stringify(given[name]);
      return {
        problem: `${name} ${shown} is no duration: give one such as "30s", "2h" or "1d", at most a year.`,
      };
    }
    schedule[name] = duration;
  }
  return schedule;
}
