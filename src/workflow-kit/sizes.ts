/**
 * What one task may hold. Temporal takes 2 MB as one payload and 4 MB as one call, and what is above fails the
 * workflow task again and again, for ever: the kit measures first and fails the task instead, saying why.
 */
import { ApplicationFailure } from '@temporalio/common';

/** One artifact, message, status, question, return value or call, as UTF-8 JSON. The host holds users to the same. */
export const MAX_SAID_BYTES = 1_500_000;
/** The arguments of one activity together, and its result. */
export const MAX_STEP_BYTES = 1_900_000;
/** One report: an outage of the record makes it the argument of an ordinary activity. */
export const MAX_REPORT_BYTES = 1_900_000;

// What a conversation carries from one run into the next is one call: together these stay below its limit.
export const MAX_STATE_BYTES = 1_000_000;
export const MAX_CARRIED_QUESTION_BYTES = 500_000;
export const MAX_CARRIED_HISTORY = { messages: 100, bytes: 250_000 };
export const MAX_SEEN = { deliveries: 1_000, bytes: 100_000 };

/**
 * Measures what an author gives, as UTF-8 JSON.
 * @param what names it in the message, such as `task.artifact report`.
 * @throws ApplicationFailure `TooLarge` with the size and the limit; TypeError when it is no JSON.
 */
export function checkSize(what: string, value: unknown, limit: number): void {
  const bytes = byteLength(value);
  if (bytes <= limit) return;
  throw ApplicationFailure.nonRetryable(
    `${what} has ${count(bytes)} bytes, at most ${count(limit)} are taken`,
    'TooLarge',
  );
}

const encoder = new TextEncoder();

/** The size of a value as UTF-8 JSON; of what JSON leaves out, nothing. */
export const byteLength = (value: unknown): number => encoder.encode(JSON.stringify(value) ?? '').length;

// Not toLocaleString: a workflow says the same on every machine.
const count = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');
