import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TaskRef } from '../../src/gateway/agent-call.ts';
import type { GatewayAgent } from '../../src/gateway/agents.ts';
import { AllRecords, type RemoteRecordsOptions } from '../../src/gateway/remote-records.ts';
import type { Receipt } from '../../src/receipts/receipt.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The records of agents elsewhere that never answer, and which of them were asked. */
function silent() {
  const asked: string[] = [];
  const get = ({ agent }: TaskRef, _history: number, signal?: AbortSignal) => {
    asked.push(agent.agentId);
    return new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const find = async (agentId: string) => ({ agentId, providerId: 'p', remote: {} }) as GatewayAgent;
  const records = new AllRecords({
    agents: { find, known: find, all: async () => [] },
    link: { get },
    credentials: { ofCall: async () => undefined },
    deadlineMs: 60_000,
  } as unknown as RemoteRecordsOptions);
  const ofTask = (agent_id: string) =>
    records.ofTask({ receipt: { agent_id, provider_id: 'p', caller: 'ada', task_id: 't' } as Receipt });
  return { ofTask, asked };
}

it('an agent that hangs is waited for a few seconds, and then left alone for a while', async () => {
  const { ofTask, asked } = silent();
  const unknown = { record: 'unknown', reason: 'the agent has not answered in time' };
  const first = ofTask('hung');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await first).toEqual(unknown);
  expect(await ofTask('hung')).toEqual(unknown);
  expect(asked).toEqual(['hung']);
  const other = ofTask('other');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await other).toEqual(unknown);
  void ofTask('hung');
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(['hung', 'other', 'hung']);
});
