import { expect, test } from 'vitest';
import { HostError } from '../../src/errors.ts';
import { AgentTasks } from '../../src/gateway/agent-tasks.ts';
import { agentOf } from '../support/agents.ts';

/** A task that is canceled between the look at it and the cancel. */
function tasksOf(now: string): AgentTasks {
  const states = ['working', now];
  const answer = () => ({
    task: { id: 't', contextId: 'c', artifacts: [], status: { state: states.shift() } },
    raw: {},
  });
  return new AgentTasks({
    link: {
      get: async () => answer(),
      cancel: () => Promise.reject(new HostError('task_not_cancelable', `The task is ${now}`)),
    },
    receipts: { ofTask: async () => undefined },
    switches: { current: async () => ({ blockedAgents: new Set(), providers: new Map() }) },
    credentials: {},
  } as never);
}

const CASES: [what: string, now: string, again: boolean, told: string][] = [
  ['another try of the same request finds what the first came to', 'canceled', true, 'canceled'],
  ['a task that has ended otherwise is not canceled', 'completed', true, 'The task is completed'],
];

test.each(CASES)('a cancel as the task ends: %s', async (_what, now, again, told) => {
  const agent = { agentId: 'echo', providerId: 'local', definition: agentOf('echo') };
  const ref = { agent, caller: 'alice', seesAll: false, taskId: 't', given: {} };
  const canceled = tasksOf(now).cancel(ref as never, { signal: AbortSignal.timeout(5_000), again });
  const outcome = await canceled.then(
    ({ status }) => status,
    ({ message }: Error) => message,
  );
  expect(outcome).toBe(told);
});
