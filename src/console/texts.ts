import { operate } from './texts/operate.ts';
import { receipts } from './texts/receipts.ts';
import { tasks } from './texts/tasks.ts';

/** Every word that the console says, in one place. */
export const texts = {
  product: 'Agent host',
  common: {
    close: 'Close',
    copied: 'Copied',
    copy: 'Copy',
    loading: 'Loading…',
    retry: 'Try again',
  },
  json: {
    count: (entries: number, list: boolean): string =>
      list
        ? `${entries} ${entries === 1 ? 'entry' : 'entries'}`
        : `${entries} ${entries === 1 ? 'field' : 'fields'}`,
    more: (left: number): string => `Show more (${left} left)`,
  },
  nav: {
    label: 'Pages',
    skip: 'Skip to the content',
    agents: 'Agents',
    tasks: 'Tasks',
    receipts: 'Receipts',
    operate: 'Operate',
  },
  theme: {
    auto: 'Colours: as the device',
    light: 'Colours: light',
    dark: 'Colours: dark',
  },
  agents: {
    title: 'Agents',
    about: 'What this host publishes: look at an agent, call it, see who answers for it.',
  },
  tasks,
  receipts,
  operate,
  signIn: {
    title: 'Sign in',
    about:
      'This host asks who calls. An API key is kept until you close this tab, and sent to this host alone.',
    key: 'API key',
    submit: 'Sign in',
    refused: 'That credential was refused.',
    out: 'Sign out',
  },
  session: {
    local: 'No sign-in needed on this machine',
    failed: 'The console cannot start',
  },
  nothing: {
    title: 'There is nothing here',
    back: 'To the agents',
  },
} as const;
