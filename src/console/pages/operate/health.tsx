import { useEffect, useRef } from 'preact/hooks';
import { useLoaded } from '../../api/load.ts';
import { type Percentiles, type Statistics, statisticsOf } from '../../api/operate.ts';
import { STATES } from '../../api/tasks.ts';
import { route, setQuery } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { Panel } from '../../ui/panel.tsx';
import { Plot, type Series, type TimeAxis } from '../../ui/plot.tsx';
import { ErrorNote, Loading } from '../../ui/states.tsx';
import { duration } from '../../ui/time.tsx';
import { useTaskEvents } from '../tasks/live.ts';
import { NotDone } from './not-done.tsx';

const words = texts.operate;
const HOURS = { hour: 1, quarter: 6, day: 24, week: 168 } as const;
type Range = keyof typeof HOURS;
/** However fast tasks change, so long the figures rest. */
const REST_MS = 5_000;

/** What happened over time. */
export function Health() {
  const given = route.value.query.get('time');
  const range: Range = given !== null && Object.hasOwn(HOURS, given) ? (given as Range) : 'day';
  const loaded = useLoaded((signal) => statisticsOf(HOURS[range], signal), [range]);
  const soon = useRested(loaded.reload);
  useTaskEvents({ missed: soon, changed: soon });
  return (
    <div class="stack">
      <div class="row">
        <fieldset class="row">
          <legend class="visually-hidden">{words.ranges.label}</legend>
          {(Object.keys(HOURS) as Range[]).map((each) => (
            <button
              key={each}
              type="button"
              class={`button${each === range ? ' primary' : ''}`}
              aria-pressed={each === range}
              onClick={() => setQuery({ time: each })}
            >
              {words.ranges[each]}
            </button>
          ))}
        </fieldset>
        <button type="button" class="button push" onClick={loaded.reload}>
          {words.refresh}
        </button>
      </div>
      {loaded.state === 'failed' && <ErrorNote error={loaded.error} retry={loaded.reload} />}
      {loaded.value === undefined && loaded.state === 'loading' && <Loading />}
      {loaded.value !== undefined && <Plots statistics={loaded.value} />}
    </div>
  );
}

/** Calls at once, and then no more than once in so long. */
function useRested(work: () => void): () => void {
  const state = useRef({ last: Date.now(), timer: 0 });
  useEffect(() => () => clearTimeout(state.current.timer), []);
  return () => {
    if (state.current.timer !== 0) return;
    const wait = Math.max(0, state.current.last + REST_MS - Date.now());
    state.current.timer = setTimeout(() => {
      state.current = { last: Date.now(), timer: 0 };
      work();
    }, wait) as unknown as number;
  };
}

function Plots({ statistics }: { statistics: Statistics }) {
  const { from, step_s, tasks, refusals, failing, now } = statistics;
  const axis: TimeAxis = { from: Date.parse(from), stepMs: step_s * 1_000, steps: failing.length };
  const states = STATES.filter((state) => tasks[state] !== undefined);
  const reasons = Object.keys(refusals).sort();
  return (
    <div class="plots">
      <PlotPanel title={words.plots.tasks} about={words.plots.tasksAbout}>
        <Plot
          title={words.plots.tasks}
          axis={axis}
          stacked
          series={states.map((state) => ({
            name: texts.states[state] ?? state,
            tone: state,
            values: tasks[state] ?? [],
          }))}
        />
      </PlotPanel>
      {LASTING.map((what) => (
        <PlotPanel key={what} title={words.plots[what]} about={words.plots[`${what}About`]}>
          <Plot title={words.plots[what]} axis={axis} series={marksOf(statistics[what])} format={duration} />
        </PlotPanel>
      ))}
      <PlotPanel title={words.plots.refusals} about={words.plots.refusalsAbout}>
        <Plot
          title={words.plots.refusals}
          axis={axis}
          stacked
          series={reasons.map((code, at) => ({
            name: code,
            tone: `tone-${at % TONES}`,
            values: refusals[code] ?? [],
          }))}
        />
      </PlotPanel>
      <PlotPanel title={words.plots.failing} about={words.plots.failingAbout}>
        <Plot
          title={words.plots.failing}
          axis={axis}
          series={[{ name: words.plots.webhooks, tone: 'failed', values: failing }]}
        />
      </PlotPanel>
      <NotDone now={now} />
    </div>
  );
}

const TONES = 6;
/** How long things took. */
const LASTING = ['calls', 'durations', 'queue'] as const;

interface PlotPanelProps {
  title: string;
  about: string;
  children: preact.ComponentChildren;
}

const PlotPanel = ({ title, about, children }: PlotPanelProps) => (
  <Panel title={title}>
    <p class="quiet small">{about}</p>
    {children}
  </Panel>
);

const marksOf = ({ p50_ms, p90_ms, p99_ms }: Percentiles): Series[] => [
  { name: words.plots.marks.p50, tone: 'completed', values: p50_ms },
  { name: words.plots.marks.p90, tone: 'working', values: p90_ms },
  { name: words.plots.marks.p99, tone: 'input-required', values: p99_ms },
];
