import { findCurrency, findMoney, formatMoney, readNumber } from '../_shared/money.ts';

export interface Expense {
  amount: number;
  currency: string;
  purpose: string;
  employee?: string;
}

/** What is known of an expense so far; `amounts` when a text named several and one must be chosen. */
export interface Draft extends Partial<Expense> {
  amounts?: string[];
}

const FILLER =
  /^(?:(?:please|approve|reimburse|refund|expense|an?|the|of|for|my|i|we|spent|paid|need|want|would like|on|to|it|was|is|were)(?![\p{L}\d])[\s,:;-]*)+/iu;
const BARE_NUMBER = /(?<![\p{L}\d.,-])\d+(?:[.,'’]\d+)*(?![\p{L}\d])/gu;

/** Adds what a text tells to what was known. */
export function readText(draft: Draft, text: string): Draft {
  const { amounts: _, ...known } = draft;
  const { money, rest } = findMoney(text);
  if (money.length > 1) return { ...withPurpose(known, rest), amounts: money.map(formatMoney) };
  const [found] = money;
  if (found !== undefined) {
    return withPurpose({ ...known, ...(found.amount > 0 ? found : { currency: found.currency }) }, rest);
  }
  return withPurpose(...readLooseAmount(known, text));
}

/** An answer may hold the number or the currency alone: "45.50", "in euros". */
function readLooseAmount(draft: Draft, text: string): [Draft, string] {
  const next = { ...draft };
  let rest = text;
  const currency = draft.currency === undefined ? findCurrency(text) : undefined;
  if (currency !== undefined) {
    next.currency = currency;
    // Nothing else is in such an answer; "in euros" is no purpose.
    if (draft.amount !== undefined) rest = '';
  }
  const numbers = text.match(BARE_NUMBER) ?? [];
  const amount =
    draft.amount === undefined && numbers.length === 1 ? readNumber(numbers[0] ?? '') : undefined;
  if (amount !== undefined && amount > 0) {
    next.amount = amount;
    rest = rest.replace(BARE_NUMBER, ' ');
  }
  return [next, rest];
}

function withPurpose(draft: Draft, text: string): Draft {
  const purpose = text
    .trim()
    .replace(FILLER, '')
    .replace(/^[\s,.;:–—-]+|[\s,.;:–—-]+$/gu, '')
    .replace(/\s+/g, ' ');
  return draft.purpose === undefined && /\p{L}/u.test(purpose) ? { ...draft, purpose } : draft;
}

/** Adds what a data part tells. The first one was validated by the host, a later one is read as it comes. */
export function readData(draft: Draft, data: unknown): Draft {
  if (typeof data !== 'object' || data === null) return draft;
  const { amount, currency, purpose, employee } = data as Record<string, unknown>;
  const { amounts: _, ...next } = draft;
  if (typeof amount === 'number' && Number.isFinite(amount) && amount > 0) next.amount = amount;
  if (typeof currency === 'string' && /^[a-z]{3}$/i.test(currency)) next.currency = currency.toUpperCase();
  if (typeof purpose === 'string' && purpose.trim() !== '') next.purpose = purpose.trim();
  if (typeof employee === 'string' && employee.trim() !== '') next.employee = employee.trim();
  return next;
}

/** The next question about what is not known yet; undefined when all is. */
export function missing(draft: Draft): string | undefined {
  const { amount, currency, purpose } = draft;
  if (draft.amounts !== undefined) return `Which amount is it: ${draft.amounts.join(' or ')}?`;
  if (amount === undefined && purpose === undefined) {
    return 'What was the expense? Tell me its amount, currency and purpose, for example "45.50 EUR taxi to airport".';
  }
  if (amount === undefined) return 'How much was it, and in which currency? For example "45.50 EUR".';
  if (currency === undefined) return `In which currency were the ${amount}? For example EUR or USD.`;
  if (purpose === undefined) return `What were the ${formatMoney({ amount, currency })} spent on?`;
  return undefined;
}

export function complete({ amount, currency, purpose, employee }: Draft): Expense | undefined {
  if (amount === undefined || currency === undefined || purpose === undefined) return undefined;
  return { amount, currency, purpose, ...(employee === undefined ? {} : { employee }) };
}

export const describe = (expense: Expense): string =>
  `${formatMoney(expense)} for “${expense.purpose}”${expense.employee === undefined ? '' : ` by ${expense.employee}`}`;
