import type { ComponentChildren } from 'preact';

export type Tone = 'idle' | 'busy' | 'ok' | 'warn' | 'bad' | 'ask';

interface BadgeProps {
  tone?: Tone;
  /** A dot before it: for what changes by itself. */
  dot?: boolean;
  title?: string;
  children: ComponentChildren;
}

export const Badge = ({ tone = 'idle', dot = false, title, children }: BadgeProps) => (
  <span class={`badge ${tone}${dot ? ' dot' : ''}`} title={title}>
    {children}
  </span>
);
