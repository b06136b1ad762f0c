/** As many digits as a double keeps of any number. */
const SURE_DIGITS = 15;

/** A number without an exponent; undefined when it may not be the one that was written. */
export function plainDecimal(value: number): string | undefined {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (digits.length > SURE_DIGITS) return undefined;
  const point = Number(exponent) + 1;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const whole = digits.slice(0, point).padEnd(point, '0');
  const fraction = digits.slice(point);
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
