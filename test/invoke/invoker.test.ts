import { expect, test, vi } from 'vitest';
import type { CallBook } from '../../src/calls/call-book.ts';
import { HostError } from '../../src/errors.ts';
import { Invoker, type InvokerOptions } from '../../src/invoke/invoker.ts';
import { agentOf } from '../support/agents.ts';

const FAILURES: [what: string, error: Error, told: string[]][] = [
  // It may have been accepted all the same: the receipt is left to whoever finds out.
  ['the record is away', new HostError('unavailable', 'The database cannot be reached'), []],
  [
    'the task does not wait',
    new HostError('unsupported_operation', 'The task has ended'),
    ['unsupported_operation: The task has ended'],
  ],
];

test.each(FAILURES)('the receipt of a call that is not taken: %s', async (_what, error, told) => {
  const failed = vi.fn(async (_receipt: unknown, _why: string) => {});
  const agent = { agentId: 'echo', definition: agentOf('echo') };
  const decision = { decision: 'allow' };
  const invoker = new Invoker({
    agents: { find: async () => agent },
    tasks: { send: () => Promise.reject(error) },
    calls: { open: async () => ({ receipt: { receipt_id: 'r' }, decision }), failed } as unknown as CallBook,
    limits: { countAgent: async () => {} },
    waitMs: 1_000,
  } as unknown as InvokerOptions);
  const invocation = {
    caller: { id: 'alice', scopes: new Set<string>() },
    params: { agentId: 'echo', message: { role: 'user' as const, parts: [{ text: 'hello' }] } },
    given: {},
  };
  await expect(invoker.invoke(invocation as never, new AbortController().signal)).rejects.toBe(error);
  expect(failed.mock.calls.map(([, why]) => why)).toEqual(told);
});
