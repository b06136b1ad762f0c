import type { State } from '../../api/tasks.ts';
import { texts } from '../../texts.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const TONES: Record<State, Tone> = {
  submitted: 'idle',
  working: 'busy',
  'input-required': 'ask',
  'auth-required': 'ask',
  completed: 'ok',
  failed: 'bad',
  canceled: 'idle',
  rejected: 'warn',
};

export const StateBadge = ({ state }: { state: State }) => (
  <Badge tone={TONES[state]} dot={state === 'working'}>
    {texts.tasks.states[state]}
  </Badge>
);
