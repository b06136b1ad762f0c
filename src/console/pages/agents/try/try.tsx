import { useEffect, useRef, useState } from 'preact/hooks';
import { inputSchemaOf } from '../../../api/agents.ts';
import type { Part } from '../../../api/task-view.ts';
import { navigate, route } from '../../../app/router.ts';
import { texts } from '../../../texts.ts';
import type { Schema } from '../../../ui/schema-form/schema.ts';
import { Empty } from '../../../ui/states.tsx';
import type { Known } from '../overview.tsx';
import { Composer } from './composer.tsx';
import { Parts, TaskPanel } from './task-panel.tsx';
import { useTask } from './use-task.ts';

/** Calls an agent. The address names the task, so that whoever comes back finds it. */
export function Try({ known: { agent, card } }: { known: Known }) {
  const taskId = route.value.query.get('task') ?? undefined;
  const open = useTask(agent, taskId);
  const [reply, setReply] = useState<Part[]>();
  const here = useRef(true);
  useEffect(
    () => () => {
      here.current = false;
    },
    [],
  );
  const begin = async (parts: Part[]) => {
    setReply(undefined);
    const answer = await open.send(parts);
    // Whoever went elsewhere meanwhile stays there.
    if (!here.current) return;
    if ('reply' in answer) setReply(answer.reply);
    // A step in the history for each task, so that the one before is found again.
    const { path, query } = route.peek();
    navigate(path, {
      ...Object.fromEntries(query),
      task: 'taskId' in answer ? answer.taskId : undefined,
    });
  };
  return (
    <div class="try">
      <Composer
        schema={card && (inputSchemaOf(card) as Schema | undefined)}
        examples={agent.skills.flatMap(({ examples = [] }) => examples)}
        modes={card?.defaultInputModes ?? []}
        onSend={begin}
        note={agent.kind === 'remote' ? texts.try.elsewhere : undefined}
      />
      {reply !== undefined ? (
        <section class="panel panel-body" aria-label={texts.try.reply}>
          <Parts parts={reply} />
        </section>
      ) : taskId === undefined ? (
        <div class="panel">
          <Empty title={texts.try.none}>
            <p>{texts.try.noneHint}</p>
          </Empty>
        </div>
      ) : (
        <TaskPanel open={open} isOwn={card !== undefined} />
      )}
    </div>
  );
}
