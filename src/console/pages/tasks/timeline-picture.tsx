import type { Moment, Span, Timeline } from '../../api/tasks.ts';
import { texts } from '../../texts.ts';
import { duration } from '../../ui/time.tsx';
import { roundStep, useWidth } from '../../ui/width.ts';

const words = texts.tasks;
const LANE = { top: 34, height: 26 };
const HEIGHT = 104;
/** Room for half a mark at both ends. */
const SIDE = 10;
const TICK_ROOM = 90;
/** So much is seen of the shortest stretch. */
const LEAST = 2;

/** A task's life drawn to scale: what it was doing as bars, what was said above and below them. */
export function TimelinePicture({ timeline }: { timeline: Timeline }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { task, spans, moments, read_at } = timeline;
  const from = Date.parse(task.created_at);
  const last = spans.at(-1);
  const to = Math.max(from + 1, Date.parse(last?.to ?? read_at));
  const room = Math.max(0, width - 2 * SIDE);
  const xOf = (at: string | number) =>
    SIDE + Math.min(1, Math.max(0, (Number(new Date(at)) - from) / (to - from))) * room;
  return (
    <div ref={box} class="timeline">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          role="img"
          aria-label={words.timeline.label(spans.length, duration(to - from))}
        >
          {spans.map((span) => (
            <Bar key={span.from} span={span} end={span.to ?? read_at} xOf={xOf} />
          ))}
          {moments.map((moment) => (
            <Mark key={`${moment.at}${moment.version}${moment.role}`} moment={moment} x={xOf(moment.at)} />
          ))}
          <Axis whole={to - from} room={room} lasts={last?.to === undefined} />
        </svg>
      )}
      <ul class="legend row small">
        {(['queue', 'run', 'wait'] as const).map((kind) => (
          <li key={kind} class="row">
            <span class={`swatch ${kind}`} aria-hidden="true" /> {words.spent[kind]}
          </li>
        ))}
        <li class="row">
          <span class="swatch said-user" aria-hidden="true" /> {words.timeline.said.user}
        </li>
        <li class="row">
          <span class="swatch said-agent" aria-hidden="true" /> {words.timeline.said.agent}
        </li>
      </ul>
    </div>
  );
}

type XOf = (at: string | number) => number;

function Bar({ span, end, xOf }: { span: Span; end: string; xOf: XOf }) {
  const x = xOf(span.from);
  const width = Math.max(LEAST, xOf(end) - x);
  const took = duration(Date.parse(end) - Date.parse(span.from));
  return (
    <g class={`bar ${span.kind}${span.to === undefined ? ' lasts' : ''}`}>
      <title>{`${words.spent[span.kind]} (${texts.states[span.status]}): ${took}`}</title>
      <rect x={x} y={LANE.top} width={width} height={LANE.height} />
      {width > 60 && (
        <text x={x + width / 2} y={LANE.top + LANE.height / 2} class="inside">
          {took}
        </text>
      )}
    </g>
  );
}

/** Above the bars what its caller said, below them the agent. */
function Mark({ moment: { role, text, status }, x }: { moment: Moment; x: number }) {
  if (role === undefined) return null;
  const points =
    role === 'user'
      ? `${x - 6},${LANE.top - 14} ${x + 6},${LANE.top - 14} ${x},${LANE.top - 3}`
      : `${x - 6},${LANE.top + LANE.height + 14} ${x + 6},${LANE.top + LANE.height + 14} ${x},${LANE.top + LANE.height + 3}`;
  return (
    <polygon class={`said-${role}`} points={points}>
      <title>
        {[words.timeline.said[role], status && texts.states[status], text].filter(Boolean).join(' · ')}
      </title>
    </polygon>
  );
}

function Axis({ whole, room, lasts }: { whole: number; room: number; lasts: boolean }) {
  const step = roundStep(whole, Math.max(1, room / TICK_ROOM));
  const y = LANE.top + LANE.height + 24;
  const ticks = Array.from({ length: Math.floor(whole / step) + 1 }, (_, index) => index * step);
  return (
    <g class="axis">
      <line x1={SIDE} x2={SIDE + room} y1={y} y2={y} />
      {ticks.map((tick) => {
        const x = SIDE + (tick / whole) * room;
        return (
          <g key={tick}>
            <line x1={x} x2={x} y1={y} y2={y + 4} />
            <text x={x} y={y + 16} class={tick === 0 ? 'first' : x > room - 30 ? 'last' : ''}>
              {tick === 0 ? '0' : duration(tick)}
            </text>
          </g>
        );
      })}
      {lasts && (
        <text x={SIDE + room} y={LANE.top - 6} class="last">
          {words.timeline.now}
        </text>
      )}
    </g>
  );
}
