const SHORT = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  // Where clocks have twelve hours the rest would not fit its column.
  hourCycle: 'h23',
});
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** A moment, short; in full when it is pointed at. */
export const Moment = ({ at }: { at: string }) => (
  <time dateTime={at} title={FULL.format(new Date(at))} class="number">
    {SHORT.format(new Date(at))}
  </time>
);

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** A stretch of time in its two largest units. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const at = UNITS.findIndex(([size]) => ms >= size);
  const [size, unit] = UNITS[at] ?? UNITS[3];
  const rest = UNITS[at + 1];
  const whole = Math.floor(ms / size);
  const left = rest === undefined ? 0 : Math.floor((ms - whole * size) / rest[0]);
  return left === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${left} ${rest?.[1]}`;
}
