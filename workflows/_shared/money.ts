export interface Money {
  amount: number;
  currency: string;
}

export interface MoneyReading {
  /** Every amount that has a currency beside it, each distinct one once. */
  money: Money[];
  /** The text without them. */
  rest: string;
}

const CODES =
  'AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|THB|TRY|USD|ZAR';
const SIGNS: Record<string, string> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  euro: 'EUR',
  euros: 'EUR',
  dollar: 'USD',
  dollars: 'USD',
  pound: 'GBP',
  pounds: 'GBP',
  yen: 'JPY',
  francs: 'CHF',
};
const CURRENCY = `(?:${CODES}|euros?|dollars?|pounds?|yen|francs)(?![\\p{L}])|[€$£¥]`;
const NUMBER = "\\d+(?:[.,'’]\\d+)*";
const PRICE = new RegExp(
  `(?<![\\p{L}\\d.,-])(?:(?<c1>${CURRENCY})\\s*(?<n1>${NUMBER})|(?<n2>${NUMBER})\\s*(?<c2>${CURRENCY}))`,
  'giu',
);
const ALONE = new RegExp(`(?<![\\p{L}\\d.,-])(?:${CURRENCY})`, 'iu');

/**
 * A number as people write it: `1,234.50`, `1.234,50`, `1'234.50`, `45,5`. A last group of one or two digits
 * is cents; three digits are thousands. Undefined when its groups make no sense.
 */
export function readNumber(text: string): number | undefined {
  const groups = text.trim().split(/[.,'’]/);
  if (groups.some((group) => !/^\d+$/.test(group))) return undefined;
  const last = groups.at(-1) ?? '';
  const cents = groups.length > 1 && last.length < 3 ? groups.pop() : undefined;
  const [first = '', ...thousands] = groups;
  if (
    thousands.some((group) => group.length !== 3) ||
    (thousands.length > 0 && !/^[1-9]\d{0,2}$/.test(first))
  ) {
    return undefined;
  }
  const value = Number(`${groups.join('')}.${cents ?? 0}`);
  return Number.isSafeInteger(Math.trunc(value)) ? value : undefined;
}

/** Finds amounts of money such as "45.50 EUR", "€12" or "20 dollars" in a text. */
export function findMoney(text: string): MoneyReading {
  const money: Money[] = [];
  const rest = text.replace(PRICE, (whole, ...args) => {
    const groups = args.at(-1) as Record<'c1' | 'n1' | 'n2' | 'c2', string | undefined>;
    const amount = readNumber(groups.n1 ?? groups.n2 ?? '');
    if (amount === undefined) return whole;
    const currency = currencyCode(groups.c1 ?? groups.c2 ?? '');
    if (!money.some((known) => known.amount === amount && known.currency === currency)) {
      money.push({ amount, currency });
    }
    return ' ';
  });
  return { money, rest: rest.replace(/\s+/g, ' ').trim() };
}

/** A currency named without an amount, as in the answer "euros". */
export function findCurrency(text: string): string | undefined {
  const match = ALONE.exec(text);
  return match ? currencyCode(match[0]) : undefined;
}

const currencyCode = (name: string): string => SIGNS[name.toLowerCase()] ?? name.toUpperCase();

/** "45.50 EUR"; yen and won have no cents. */
export const formatMoney = ({ amount, currency }: Money): string =>
  `${amount.toFixed(/^(JPY|KRW)$/.test(currency) ? 0 : 2)} ${currency}`;
