import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface PanelProps {
  title: string;
  /** At the end of its head. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** A part of a page under its own heading. */
export function Panel({ title, actions, children }: PanelProps) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div class="push row">{actions}</div>}
      </div>
      <div class="panel-body">{children}</div>
    </section>
  );
}
