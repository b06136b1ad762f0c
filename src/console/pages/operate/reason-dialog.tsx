import { useId, useState } from 'preact/hooks';
import type { Turn } from '../../api/operate.ts';
import { session } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';

const words = texts.operate.turns;

interface ReasonDialogProps {
  change: Turn;
  /** What is turned. */
  name: string;
  act(reason: string): Promise<unknown>;
  onClose(): void;
  onDone(): void;
}

/** Says what it will do and in whose name, and asks why. */
export function ReasonDialog({ change, name, act, onClose, onDone }: ReasonDialogProps) {
  const id = useId();
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const now = session.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await act(reason.trim());
      onDone();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`${words.title[change]} ${name}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>{words.about[change]}</p>
        <div class="field">
          <label for={id}>{words.why}</label>
          <textarea
            id={id}
            class="input"
            required
            maxLength={1000}
            aria-describedby={`${id}-hint`}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <span id={`${id}-hint`} class="hint">
            {words.whyHint}
          </span>
        </div>
        {now.state === 'in' && <p class="quiet small">{words.who(now.me.caller)}</p>}
        {problem !== undefined && <ErrorNote error={problem} />}
        <div class="row">
          <button
            type="submit"
            class={`button ${change === 'unblock' ? 'primary' : 'danger'}`}
            disabled={busy || reason.trim() === ''}
          >
            {words[change]}
          </button>
          <button type="button" class="button plain" onClick={onClose}>
            {words.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
