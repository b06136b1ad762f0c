import { useEffect, useRef, useState } from 'preact/hooks';
import {
  type ArtifactView,
  conversationOf,
  isEnded,
  isWaiting,
  type MessageView,
  type Part,
  stateOf,
  type TaskView,
} from '../../../api/task-view.ts';
import { href } from '../../../app/router.ts';
import { texts } from '../../../texts.ts';
import { CopyButton } from '../../../ui/code-block.tsx';
import { clock } from '../../../ui/format.ts';
import { PartView } from '../../../ui/parts/part.tsx';
import { StateBadge } from '../../../ui/state-badge.tsx';
import { ErrorNote, Loading, LostNote } from '../../../ui/states.tsx';
import type { OpenTask, Step } from './use-task.ts';

interface TaskPanelProps {
  open: OpenTask;
  /** Of this host, which keeps the task's life. */
  isOwn: boolean;
}

/** A task as it runs: how far it is, what it asks, what it has made. */
export function TaskPanel({ open, isOwn }: TaskPanelProps) {
  const { task } = open;
  const { box, onAnswer } = useFocusAfterAnswer(task);
  const trouble = <Trouble open={open} />;
  if (task === undefined) {
    return (
      <div class="panel">
        {open.error === undefined && <Loading />}
        {trouble}
      </div>
    );
  }
  return (
    <section class="panel" aria-label={texts.try.task} ref={box} tabIndex={-1}>
      <Head task={task} open={open} isOwn={isOwn} />
      <div class="panel-body stack">
        {trouble}
        <Now task={task} steps={open.steps} />
        <div aria-live="polite">
          {isWaiting(task) && (
            <Question key={task.status.message?.messageId} task={task} open={open} onAnswer={onAnswer} />
          )}
        </div>
        {(task.artifacts ?? []).map((artifact) => (
          <Artifact key={artifact.artifactId} artifact={artifact} />
        ))}
        <Conversation messages={conversationOf(task)} />
      </div>
    </section>
  );
}

/** Why what is shown may be old, and the way to see it as it is. */
const Trouble = ({ open: { error, lost, retry } }: { open: OpenTask }) =>
  error !== undefined ? (
    <ErrorNote error={error} retry={retry} />
  ) : lost?.error !== undefined ? (
    <LostNote lost={lost} />
  ) : null;

/** Whoever answered by keyboard goes on at the task, and at its next question, not at the top of the page. */
function useFocusAfterAnswer(task: TaskView | undefined) {
  const box = useRef<HTMLElement>(null);
  const answered = useRef(false);
  useEffect(() => {
    const focused = document.activeElement;
    if (!answered.current || (focused !== document.body && focused !== box.current)) return;
    (box.current?.querySelector<HTMLElement>('.answer') ?? box.current)?.focus();
  }, [task?.status]);
  const onAnswer = () => {
    answered.current = true;
  };
  return { box, onAnswer };
}

function Head({ task, open, isOwn }: TaskPanelProps & { task: TaskView }) {
  const [canceling, setCanceling] = useState(false);
  const [error, setError] = useState<unknown>();
  const cancel = async () => {
    setCanceling(true);
    await open.cancel().catch(setError);
    setCanceling(false);
  };
  return (
    <div class="panel-head">
      <span role="status">
        <StateBadge state={stateOf(task)} />
      </span>
      <code class="quiet small task-id" title={task.id}>
        {task.id}
      </code>
      <CopyButton text={task.id} label={texts.try.copyId} />
      {isOwn && (
        <a class="small" href={href(['tasks', task.id])}>
          {texts.try.picture}
        </a>
      )}
      {!isEnded(task) && (
        <span class="row push">
          <span class="quiet small">{open.live ? texts.try.live : texts.try.connecting}</span>
          <button type="button" class="button danger" disabled={canceling} onClick={cancel}>
            {texts.try.cancel}
          </button>
        </span>
      )}
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}

const textOf = ({ status }: TaskView): string =>
  (status.message?.parts ?? []).map(({ text = '' }) => text).join('\n');

/** What the agent says just now: how far it is, or how it ended. */
function Now({ task, steps }: { task: TaskView; steps: Step[] }) {
  const state = stateOf(task);
  const text = textOf(task);
  if (isWaiting(task)) return null;
  if (state === 'failed' || state === 'rejected') {
    return (
      <div class={`note ${state === 'failed' ? 'bad' : 'warn'}`}>
        <div>
          <strong>{texts.states[state]}</strong>
          <span class="said">{text || texts.try.noReason}</span>
        </div>
      </div>
    );
  }
  if (isEnded(task)) return text === '' ? null : <p class="said lead">{text}</p>;
  return <Progress steps={steps} />;
}

const Progress = ({ steps }: { steps: Step[] }) => (
  <ol class="progress" aria-live="polite">
    {steps.length === 0 && <li class="quiet">{texts.try.waiting}</li>}
    {steps.map(({ id, text, at }) => (
      <li key={id}>
        <span class="quiet small number">{at && clock(at)}</span>
        <span>{text}</span>
      </li>
    ))}
  </ol>
);

interface QuestionProps {
  task: TaskView;
  open: OpenTask;
  /** Told when an answer is on its way. */
  onAnswer(): void;
}

/** What the task waits for, answered where it is asked. */
function Question({ task, open, onAnswer }: QuestionProps) {
  const [text, setText] = useState('');
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  const answer = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === '' || sending) return;
    setSending(true);
    setError(undefined);
    onAnswer();
    try {
      await open.send([{ text }], task.id);
      setText('');
    } catch (failure) {
      setError(failure);
    } finally {
      setSending(false);
    }
  };
  return (
    <form class="question" aria-label={texts.try.question} onSubmit={answer}>
      <div>
        {(task.status.message?.parts ?? []).map((part, at) => (
          <PartView key={at} part={part} />
        ))}
      </div>
      <div class="row">
        <label class="visually-hidden" for="answer">
          {texts.try.answer}
        </label>
        <input
          id="answer"
          class="input answer"
          autocomplete="off"
          placeholder={texts.try.answer}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="button primary" disabled={sending}>
          {texts.try.send}
        </button>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
    </form>
  );
}

const Artifact = ({
  artifact: { name, artifactId, description, parts = [] },
}: {
  artifact: ArtifactView;
}) => (
  <section class="artifact" aria-label={name ?? artifactId}>
    <div class="artifact-head">
      <h3>{name ?? artifactId}</h3>
      {description !== undefined && <span class="quiet small">{description}</span>}
    </div>
    <Parts parts={parts} />
  </section>
);

export const Parts = ({ parts }: { parts: Part[] }) => (
  <div class="stack">
    {parts.map((part, at) => (
      <PartView key={at} part={part} />
    ))}
  </div>
);

const Conversation = ({ messages }: { messages: MessageView[] }) => (
  <details class="conversation">
    <summary>{texts.try.conversation(messages.length)}</summary>
    <ol class="stack">
      {messages.map(({ messageId, role, parts = [] }) => (
        <li key={messageId} class={role === 'ROLE_USER' ? 'turn mine' : 'turn'}>
          <span class="quiet small">{role === 'ROLE_USER' ? texts.try.you : texts.try.agent}</span>
          <Parts parts={parts} />
        </li>
      ))}
    </ol>
  </details>
);
