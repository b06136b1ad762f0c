import type { SpanKind } from '../../api/tasks.ts';
import { texts } from '../../texts.ts';
import { duration } from '../../ui/time.tsx';

const words = texts.tasks.spent;
const KINDS: readonly SpanKind[] = ['queue', 'run', 'wait'];

/** Where a task's time went, as shares of the whole. */
export function Spent({ spent }: { spent: Record<SpanKind, number> }) {
  const whole = KINDS.reduce((sum, kind) => sum + spent[kind], 0);
  return (
    <div class="stack">
      <div class="shares" aria-hidden="true">
        {KINDS.map((kind) => (
          <div key={kind} class={`share ${kind}`} style={{ flexGrow: String(spent[kind]) }} />
        ))}
      </div>
      <dl class="facts">
        {KINDS.map((kind) => (
          <div class="fact" key={kind}>
            <dt>
              <span class={`swatch ${kind}`} aria-hidden="true" /> {words[kind]}
            </dt>
            <dd class="number">
              {duration(spent[kind])}{' '}
              <span class="quiet">{words.share(whole === 0 ? 0 : (spent[kind] / whole) * 100)}</span>
            </dd>
          </div>
        ))}
        <div class="fact">
          <dt>{words.whole}</dt>
          <dd class="number">{duration(whole)}</dd>
        </div>
      </dl>
    </div>
  );
}
