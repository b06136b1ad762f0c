import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it, vi } from 'vitest';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import type { AgentQuery } from '../../src/agents/search.ts';
import { createAssistantActivities } from '../../src/assistant/activities.ts';
import { ASSISTANT } from '../../src/assistant/definition.ts';
import { openModel } from '../../src/assistant/model.ts';
import { freePort } from '../../src/embedded/free-port.ts';
import { unavailable } from '../../src/errors.ts';
import type { AgentCall } from '../../src/tasks/contract.ts';

const agent = (code: string, more: Partial<AgentDefinition> = {}): AgentDefinition => ({
  code,
  name: code,
  description: 'x',
  version: '1',
  workflow: code,
  skills: [{ id: 'x', name: 'x', description: 'x', tags: [] }],
  ...more,
});

const outsider = { id: 'key:outsider', scopes: ['agents:invoke'] };
const accountant = { id: 'key:accountant', scopes: ['agents:invoke', 'finance'] };

function open(refused: string[] = []) {
  const definitions = [
    agent('open'),
    agent('payroll', { access: { scopes: ['finance'] } }),
    agent('risky', { review: { riskLevel: 'high' } }),
    ASSISTANT,
  ];
  const queries: AgentQuery[] = [];
  const callAgent = vi.fn(async ({ agentCode, taskId }: AgentCall) => ({
    taskId: taskId ?? `task of ${agentCode}`,
    state: 'completed' as const,
    text: 'done',
    artifacts: [{ artifactId: 'a', name: 'sum', parts: [{ data: { sum: 3 } }, { filename: 'a.bin' }] }],
  }));
  const activities = createAssistantActivities({
    model: undefined,
    limits: { steps: 1, tokens: 1, seconds: 1 },
    catalog: new AgentCatalog(definitions),
    // A search that was a moment ago: it finds what is there for somebody else.
    registry: {
      search: async (query) => {
        queries.push(query);
        return { total: definitions.length, agents: query.query === 'none' ? [] : definitions };
      },
    },
    refusals: async () => (code) => (refused.includes(code) ? `Agent ${code} is blocked` : undefined),
    callAgent,
  });
  return { ...activities, queries, callAgent };
}

const given = { message: 'hello' };
const names = (tools: { tool: { function: { name: string } } }[]) =>
  tools.map(({ tool }) => tool.function.name);

describe('the assistant acts as its caller', () => {
  it('it finds what they may see, and never itself', async () => {
    const { findTools, queries } = open();
    expect(names(await findTools('pay', outsider))).toEqual(['open', 'risky']);
    expect(queries[0]?.viewer).toEqual({ id: outsider.id, scopes: new Set(outsider.scopes) });
    const tools = await findTools('pay', accountant);
    expect(names(tools)).toEqual(['open', 'payroll', 'risky']);
    expect(tools.map(({ approval }) => approval)).toEqual([false, false, true]);
  });

  it('what does not fit the first words is shown all the same', async () => {
    const { beginAssisting, queries } = open();
    expect(names((await beginAssisting('none', outsider)).tools)).toEqual(['open', 'risky']);
    expect(queries.map(({ query }) => query)).toEqual(['none', '']);
  });

  it('it calls what they may call, as them', async () => {
    const { callTool, callAgent } = open();
    const result = await callTool({ callId: 't-1', caller: accountant, code: 'payroll', given });
    expect(result).toEqual({
      taskId: 'task of payroll',
      state: 'completed',
      text: 'done\nsum:\n{"sum":3}\na file a.bin',
    });
    expect(callAgent).toHaveBeenCalledWith({
      callId: 't-1',
      owner: accountant.id,
      scopes: accountant.scopes,
      agentCode: 'payroll',
      message: { parts: [{ text: 'hello' }] },
    });
  });

  it('an agent that is hidden from them is as one that is not there', async () => {
    const { callTool, callAgent } = open();
    const call = (code: string) => callTool({ callId: 't-1', caller: outsider, code, given });
    expect(await call('payroll')).toEqual({ problem: 'There is no agent payroll' });
    expect(await call('nobody')).toEqual({ problem: 'There is no agent nobody' });
    expect(callAgent).not.toHaveBeenCalled();
  });

  it('a blocked agent is not called', async () => {
    const { callTool, callAgent } = open(['open']);
    expect(await callTool({ callId: 't-1', caller: outsider, code: 'open', given })).toEqual({
      problem: 'Agent open is blocked',
    });
    expect(callAgent).not.toHaveBeenCalled();
  });

  it('what passes is tried again, what does not is told', async () => {
    const { callTool, callAgent } = open();
    const call = () => callTool({ callId: 't-1', caller: outsider, code: 'open', given });
    callAgent.mockRejectedValueOnce(unavailable('away'));
    await expect(call()).rejects.toThrow('away');
    callAgent.mockRejectedValueOnce(
      ApplicationFailure.nonRetryable('Agent open failed: no', 'AgentCallFailed'),
    );
    expect(await call()).toEqual({ problem: 'Agent open failed: no' });
  });
});

it('a model that cannot be reached is given up when its time is over, and not before', async () => {
  const url = `http://127.0.0.1:${await freePort()}/v1`;
  const parts = { ...open(), limits: { steps: 1, tokens: 1, seconds: 1 } };
  const { askModel } = createAssistantActivities({
    model: openModel({ url, name: 'm' }),
    limits: parts.limits,
    catalog: new AgentCatalog([]),
    registry: { search: async () => ({ total: 0, agents: [] }) },
    refusals: async () => () => undefined,
    callAgent: parts.callAgent,
  });
  const failing = (sinceMs: number) =>
    new MockActivityEnvironment({ scheduledTimestampMs: Date.now() - sinceMs })
      .run(() => askModel({ messages: [], tools: [], patienceMs: 60_000 }))
      .catch((error: unknown) => error);
  const text = { message: 'The model cannot be reached' };
  expect(await failing(0)).toMatchObject({ ...text, nonRetryable: false, nextRetryDelay: 500 });
  expect(await failing(60_000)).toMatchObject({ ...text, nonRetryable: true });
});
