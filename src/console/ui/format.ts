/** Values as people of this browser's language read them. */
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

export const moment = (iso: string): string => MOMENT.format(new Date(iso));

/** The time of a day that is known. */
export const clock = (iso: string): string => CLOCK.format(new Date(iso));

const UNITS = ['B', 'KB', 'MB', 'GB'];

/** A size, in the unit that fits. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, count < 1_024 ? 0 : Math.floor(Math.log2(count) / 10));
  const value = count / 1_024 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
