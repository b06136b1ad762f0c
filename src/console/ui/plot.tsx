import { useMemo, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { roundStep, useWidth } from './width.ts';

/** Steps of time, all of one length. */
export interface TimeAxis {
  /** Milliseconds since 1970. */
  from: number;
  stepMs: number;
  steps: number;
}

/** One value a step; null where there is none. */
export interface Series {
  name: string;
  /** Which colour it has. */
  tone: string;
  values: readonly (number | null)[];
}

interface PlotProps {
  title: string;
  axis: TimeAxis;
  series: readonly Series[];
  /** Bars on top of each other, for what adds up; else a line each. */
  stacked?: boolean;
  format?(value: number): string;
}

const HEIGHT = 180;
const LEFT = 52;
const RIGHT = 24;
const TOP = 8;
const BOTTOM = 22;
const TICK_ROOM = 80;

const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact' });
/** From here on a number is too long for the scale. */
const MANY = 100_000;
const plain = (value: number): string => value.toLocaleString();

/** Values over time. What is pointed at is told below. */
export function Plot({ title, axis, series, stacked = false, format = plain }: PlotProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number>();
  const most = useMemo(() => mostOf(series, { stacked, steps: axis.steps }), [series, stacked, axis.steps]);
  if (most === 0) {
    return (
      <div ref={box} class="plot empty">
        <p class="quiet">{texts.operate.plots.nothing}</p>
      </div>
    );
  }
  const top = roundTop(most);
  const room = Math.max(1, width - LEFT - RIGHT);
  const xOf = (step: number) => LEFT + (step / axis.steps) * room;
  const yOf = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const onPointerMove = (event: PointerEvent & { currentTarget: Element }) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
    const step = Math.floor((x / room) * axis.steps);
    setPointed(step >= 0 && step < axis.steps ? step : undefined);
  };
  return (
    <div ref={box} class="plot">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={texts.operate.plots.summary(title, format(most))}
          onPointerMove={onPointerMove}
          onPointerLeave={() => setPointed(undefined)}
        >
          <Grid top={top} width={width} yOf={yOf} format={format} />
          <TimeMarks axis={axis} room={room} xOf={xOf} />
          {stacked
            ? barsOf(series, axis.steps).map(({ tone, path }) => (
                <path key={tone} class={`fill ${tone}`} d={path(xOf, yOf)} />
              ))
            : series.map(({ name, tone, values }) => (
                <path key={name} class={`line ${tone}`} d={lineOf(values, xOf, yOf)} />
              ))}
          {pointed !== undefined && (
            <line
              class="pointer"
              x1={xOf(pointed + 0.5)}
              x2={xOf(pointed + 0.5)}
              y1={TOP}
              y2={HEIGHT - BOTTOM}
            />
          )}
        </svg>
      )}
      <Legend series={series} at={pointed} axis={axis} format={format} />
    </div>
  );
}

type Place = (value: number) => number;

/** The largest value, of bars the largest sum. */
function mostOf(series: readonly Series[], { stacked, steps }: { stacked: boolean; steps: number }): number {
  let most = 0;
  for (let step = 0; step < steps; step++) {
    const values = series.map(({ values }) => values[step] ?? 0);
    most = Math.max(most, stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values));
  }
  return most;
}

/** A round number at or above the largest value. */
function roundTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 2.5, 5, 10].find((each) => each * power >= most) ?? 10) * power;
}

/** One path for each series, whatever the number of steps. */
function barsOf(series: readonly Series[], steps: number) {
  const below = new Array<number>(steps).fill(0);
  return series.map(({ tone, values }) => {
    const from = [...below];
    for (let step = 0; step < steps; step++) below[step] = (below[step] ?? 0) + (values[step] ?? 0);
    const to = [...below];
    return { tone, path: (xOf: Place, yOf: Place) => barPath({ from, to }, xOf, yOf) };
  });
}

function barPath({ from, to }: { from: number[]; to: number[] }, xOf: Place, yOf: Place): string {
  const gap = Math.min(1, (xOf(1) - xOf(0)) * 0.15);
  return to
    .map((high, step) => {
      const low = from[step] ?? 0;
      if (high === low) return '';
      const [left, right] = [xOf(step) + gap / 2, xOf(step + 1) - gap / 2];
      return `M${left} ${yOf(low)}V${yOf(high)}H${right}V${yOf(low)}Z`;
    })
    .join('');
}

/** A line through the values that are there; one that stands alone is a short stroke. */
function lineOf(values: readonly (number | null)[], xOf: Place, yOf: Place): string {
  let path = '';
  let drawing = false;
  values.forEach((value, step) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const y = yOf(value);
    const isAlone = !drawing && (values[step + 1] ?? null) === null;
    path += isAlone
      ? `M${xOf(step + 0.1)} ${y}H${xOf(step + 0.9)}`
      : `${drawing ? 'L' : 'M'}${xOf(step + 0.5)} ${y}`;
    drawing = true;
  });
  return path;
}

interface GridProps {
  top: number;
  width: number;
  yOf: Place;
  format(value: number): string;
}

const Grid = ({ top, width, yOf, format }: GridProps) => (
  <g class="grid">
    {[0, top / 2, top].map((value) => (
      <g key={value}>
        <line x1={LEFT} x2={width - RIGHT} y1={yOf(value)} y2={yOf(value)} />
        <text x={LEFT - 6} y={yOf(value)} class="value">
          {value === 0 ? '0' : format === plain && value >= MANY ? SHORT.format(value) : format(value)}
        </text>
      </g>
    ))}
  </g>
);

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const DAY_MS = 86_400_000;

function TimeMarks({ axis, room, xOf }: { axis: TimeAxis; room: number; xOf: Place }) {
  const whole = axis.stepMs * axis.steps;
  const step = roundStep(whole, Math.max(1, room / TICK_ROOM));
  // Round in the clock of who looks.
  const shift = new Date(axis.from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((axis.from - shift) / step) * step + shift;
  const marks = Array.from(
    { length: Math.max(0, Math.ceil((axis.from + whole - first) / step)) },
    (_, at) => first + at * step,
  );
  return (
    <g class="grid">
      {marks.map((at) => (
        <text key={at} x={xOf((at - axis.from) / axis.stepMs)} y={HEIGHT - 6}>
          {(step >= DAY_MS ? DAY : CLOCK).format(at)}
        </text>
      ))}
    </g>
  );
}

interface LegendProps extends Pick<PlotProps, 'series' | 'axis'> {
  at: number | undefined;
  format(value: number): string;
}

const Legend = ({ series, at, axis, format }: LegendProps) => (
  <ul class="legend row small number">
    {at !== undefined && <li>{CLOCK.format(axis.from + at * axis.stepMs)}</li>}
    {series.map(({ name, tone, values }) => {
      const value = at === undefined ? undefined : values[at];
      return (
        <li key={name} class="row">
          <span class={`swatch ${tone}`} aria-hidden="true" />
          {name}
          {value !== undefined && value !== null && <strong>{format(value)}</strong>}
        </li>
      );
    })}
  </ul>
);
