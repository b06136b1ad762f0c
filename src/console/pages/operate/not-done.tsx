import type { Statistics } from '../../api/operate.ts';
import { href } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state-badge.tsx';
import { Moment } from '../../ui/time.tsx';

const words = texts.operate.now;

/** What waits, and what fails. */
export const NotDone = ({ now }: { now: Statistics['now'] }) => (
  <>
    <Panel title={words.tasks}>
      <div class="stack">
        {now.tasks.length === 0 ? (
          <p class="quiet">{words.none}</p>
        ) : (
          <ul class="steps wide">
            {now.tasks.map(({ agent_id, status, count, oldest_at }) => (
              <li key={`${agent_id} ${status}`}>
                <a href={href(['tasks'], { agent_id, status })}>
                  {agent_id} <span class="number">({count.toLocaleString()})</span>
                </a>
                <span>
                  <StateBadge state={status} />{' '}
                  <span class="quiet small">
                    {words.oldest} <Moment at={oldest_at} />
                  </span>
                </span>
              </li>
            ))}
          </ul>
        )}
        <p class="quiet">{words.receipts(now.receipts.running, now.receipts.pending)}</p>
      </div>
    </Panel>
    <Panel title={words.deliveries}>
      {now.deliveries.length === 0 && <p class="quiet">{words.noDeliveries}</p>}
      <ul class="steps wide">
        {now.deliveries.map(({ task_id, host, failures, since, problem }) => (
          <li key={`${task_id} ${host}`}>
            <a href={href(['tasks', task_id])}>{host}</a>
            <span class="wrap-anywhere">
              {problem}{' '}
              <span class="quiet small">
                {words.failures(failures)} <Moment at={since} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  </>
);
