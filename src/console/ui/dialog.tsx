import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Icon } from './icons.tsx';

interface DialogProps {
  title: string;
  wide?: boolean;
  onClose(): void;
  children: ComponentChildren;
}

/** A dialog above the page, which holds the focus until it is closed; by Escape, too. */
export function Dialog({ title, wide = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const latest = useRef(onClose);
  latest.current = onClose;
  useEffect(() => {
    const element = dialog.current;
    const closed = () => latest.current();
    element?.addEventListener('close', closed);
    element?.showModal();
    return () => {
      // The event comes later, when another dialog may be in its place: that one is not closed by it.
      element?.removeEventListener('close', closed);
      element?.close();
    };
  }, []);
  return (
    <dialog ref={dialog} class={`dialog${wide ? ' wide' : ''}`} aria-labelledby={id}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button
          type="button"
          class="button plain square push"
          aria-label={texts.common.close}
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
