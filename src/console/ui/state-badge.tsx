import { texts } from '../texts.ts';
import { Badge, type Tone } from './badge.tsx';

const TONES: Record<string, Tone> = {
  working: 'busy',
  'input-required': 'ask',
  'auth-required': 'ask',
  completed: 'ok',
  failed: 'bad',
  rejected: 'warn',
};

/** A task's state, such as `input-required`, in words and in its colour. */
export const StateBadge = ({ state }: { state: string }) => (
  <Badge dot tone={TONES[state] ?? 'idle'}>
    {texts.states[state] ?? state}
  </Badge>
);
