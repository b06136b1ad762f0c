import type { ComponentChildren, TargetedEvent } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { ErrorNote } from './states.tsx';

interface FormDialogProps {
  title: string;
  submit: string;
  danger?: boolean;
  onClose(): void;
  /** What it throws is shown. */
  act(): Promise<unknown>;
  children: ComponentChildren;
}

/** A dialog that does one thing. */
export function FormDialog({ title, submit, danger = false, onClose, act, children }: FormDialogProps) {
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={onSubmit}>
        {children}
        {problem !== undefined && <ErrorNote error={problem} />}
        <div class="row">
          <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface TextFieldProps {
  label: string;
  hint?: string;
  value: string;
  required?: boolean;
  secret?: boolean;
  onChange(value: string): void;
}

export function TextField({
  label,
  hint,
  value,
  required = false,
  secret = false,
  onChange,
}: TextFieldProps) {
  const id = useId();
  const field = {
    id,
    class: 'input',
    autocomplete: 'off' as const,
    spellcheck: false,
    required,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    value,
    onInput: (event: TargetedEvent<HTMLInputElement>) => onChange(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {secret ? <input {...field} type="password" /> : <input {...field} type="text" />}
      {hint !== undefined && (
        <span id={`${id}-hint`} class="hint">
          {hint}
        </span>
      )}
    </div>
  );
}
