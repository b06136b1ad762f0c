/** Authors' workflows that reach the kit's limits. The message says how far. */
import { sleep } from '@temporalio/workflow';
import { limitedAgentWorkflow } from '../../../src/workflow-kit/agent-workflow.ts';
import {
  type Conversation,
  limitedConversationWorkflow,
} from '../../../src/workflow-kit/conversation-workflow.ts';
import {
  activities,
  agentWorkflow,
  conversationWorkflow,
  type Next,
  type TaskContext,
} from '../../../src/workflow-kit/index.ts';
import type * as acts from './activities.ts';

const steps = activities<typeof acts>();
const once = activities<typeof acts>({ retry: { maximumAttempts: 1 } });
const NEVER = { answers: 1e9, events: 1e9, bytes: 1e9 };

/** Takes the numbers from 1 in order; what comes twice or out of order ends it. */
type Counting = { next: number; padding?: string };
const counting: Conversation<Counting> = {
  initial: { next: 1 },
  turn: (state, message): Next<Counting> => {
    if (message.text === 'begin') return { state, ask: 'Which number?' };
    if (message.text === 'end') return { end: `${state.next - 1} numbers` };
    if (Number(message.text) !== state.next) {
      throw new Error(`expected ${state.next}, got ${message.text}`);
    }
    state.next += 1;
    return { state, ask: `After ${message.text}?` };
  },
};
export const countsForEver = conversationWorkflow(counting);
export const countsInShortRuns = limitedConversationWorkflow({ ...NEVER, answers: 20 }, counting);

/** State and question as large as they may be, every few turns in a new run. */
export const carriesMuch = limitedConversationWorkflow<{ taken: number; ballast: string }>(
  { ...NEVER, answers: 3 },
  {
    initial: { taken: 0, ballast: '' },
    turn: ({ taken }, { text }) =>
      text === 'end'
        ? { end: `${taken} taken` }
        : { state: { taken: taken + 1, ballast: 'x'.repeat(999_900) }, ask: 'y'.repeat(499_990) },
  },
);

export const talksInTurns = conversationWorkflow<{ heard: string[] }>({
  initial: { heard: [] },
  turn: async (state, message, task) => {
    task.status('thinking');
    await steps.takes('a moment');
    if (message.text === 'reject') return task.reject('not this one');
    if (message.text === 'rejectInside') {
      try {
        task.reject('not with me');
      } catch {
        return { end: 'as if nothing had happened' };
      }
    }
    if (message.text === 'fail') throw new Error('the turn broke');
    if (message.text === 'sleep') await sleep('1 day');
    if (message.text === 'sign in') return { state, ask: 'Sign in', auth: true };
    if (message.text === 'end') return { end: { heard: state.heard, history: task.history.length } };
    if (message.text.startsWith('state ')) {
      return { state: { heard: ['x'.repeat(Number(message.text.slice(6)))] }, ask: 'More?' };
    }
    if (message.text.startsWith('ask ')) return { state, ask: 'x'.repeat(Number(message.text.slice(4))) };
    task.artifact({ name: 'last', text: message.text.slice(0, 100) });
    return { state: { heard: [...state.heard, message.text.slice(0, 100)] }, ask: 'More?' };
  },
});

export const asksForEver = limitedAgentWorkflow({ ...NEVER, answers: 5 }, async (task) => {
  for (;;) await task.ask('More?');
});
export const stepsForEver = limitedAgentWorkflow({ ...NEVER, events: 60 }, async (task) => {
  try {
    for (;;) await steps.takes('a moment');
  } finally {
    task.artifact({ name: 'cleaned', text: 'up' });
  }
});

const gives: Record<string, (task: TaskContext, text: string) => unknown> = {
  artifact: (task, text) => task.artifact({ name: 'big', text }),
  status: (task, text) => task.status(text),
  ask: (task, text) => task.ask(text),
  return: (_, text) => text,
  returnData: (_, text) => ({ text }),
  reject: (task, text) => task.reject(text),
  call: (task, text) => task.call('nobody', text),
  takes: (_, text) => steps.takes(text),
  takesWithOptions: (_, text) => steps.takes.executeWithOptions({}, [text]),
  throw: (_, text) => {
    throw new Error(text);
  },
};
/** `<what> <bytes>`: gives a text of so many bytes. */
export const givesBytes = agentWorkflow(async (task) => {
  const [what = '', bytes] = task.message.text.split(' ');
  return (await gives[what]?.(task, 'x'.repeat(Number(bytes)))) as string | undefined;
});
export const givesMuch = agentWorkflow(async (task) => {
  for (let part = 1; part <= 5; part++) task.artifact({ name: `part ${part}`, text: 'x'.repeat(1_200_000) });
  await task.ask('y'.repeat(1_200_000));
  return 'done';
});
export const stepReturnsBytes = agentWorkflow(async (task) => {
  const text = await steps.returnsBytes(Number(task.message.text));
  return `${text.length}`;
});
export const stepThrowsBytes = agentWorkflow((task) => once.throwsBytes(Number(task.message.text)));

export const manyChangesAtOnce = agentWorkflow((task) => {
  for (let change = 1; change <= 10_000; change++) task.status(`${change}`);
  return 'done';
});
export const manyChangesInSteps = agentWorkflow(async (task) => {
  for (let change = 1; change <= 10_000; change++) {
    task.status(`${change}`);
    if (change % 100 === 0) await steps.takes('a moment');
    else await Promise.resolve();
  }
  return 'done';
});
