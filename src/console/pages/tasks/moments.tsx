import type { Timeline } from '../../api/tasks.ts';
import { texts } from '../../texts.ts';
import { StateBadge } from '../../ui/state-badge.tsx';
import { duration, Moment } from '../../ui/time.tsx';

const words = texts.tasks;

/** What happened to a task, in words: all that its picture shows. */
export const Moments = ({ timeline: { task, moments } }: { timeline: Timeline }) => (
  <ol class="moments">
    {moments.map((each) => (
      <li key={`${each.at}${each.version}${each.role}`}>
        <span class="quiet small">
          <Moment at={each.at} />{' '}
          {words.moments.after(duration(Math.max(0, Date.parse(each.at) - Date.parse(task.created_at))))}
        </span>
        <div class="wrap-anywhere">
          {each.status !== undefined && <StateBadge state={each.status} />}{' '}
          {each.role === undefined ? (
            <span class="quiet">{words.timeline.silent}</span>
          ) : (
            <>
              <strong>{words.timeline.said[each.role]}</strong> {each.text}
            </>
          )}
        </div>
      </li>
    ))}
  </ol>
);
