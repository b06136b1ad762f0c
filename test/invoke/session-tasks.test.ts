import { expect, test } from 'vitest';
import { HostError } from '../../src/errors.ts';
import { SessionTasks, type SessionTasksOptions } from '../../src/invoke/session-tasks.ts';
import { agentOf } from '../support/agents.ts';

/** A task that is canceled between the look at it and the cancel. */
function sessionOf(now: string): SessionTasks {
  const states = ['working', now];
  return new SessionTasks({
    tasks: {
      get: async () => ({ id: 't', agentCode: 'echo', status: { state: states.shift() } }),
      cancel: () => Promise.reject(new HostError('task_not_cancelable', `The task is ${now}`)),
    },
    agents: { known: async () => ({ agentId: 'echo', definition: agentOf('echo') }) },
    refusals: async () => () => undefined,
    limits: { countAgent: async () => {} },
  } as unknown as SessionTasksOptions);
}

const CASES: [what: string, now: string, again: boolean, told: string][] = [
  ['another try of the same request finds what the first came to', 'canceled', true, 'canceled'],
  ['another request is refused', 'canceled', false, 'The task is canceled'],
  ['a task that has ended otherwise is not canceled', 'completed', true, 'The task is completed'],
];

test.each(CASES)('a cancel as the task ends: %s', async (_what, now, again, told) => {
  const caller = { id: 'alice', scopes: new Set<string>() };
  const canceled = sessionOf(now).cancel(caller as never, 't', { signal: AbortSignal.timeout(5_000), again });
  const outcome = await canceled.then(
    ({ status }) => status.state as string,
    ({ message }: Error) => message,
  );
  expect(outcome).toBe(told);
});
