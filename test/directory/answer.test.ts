import { expect, it } from 'vitest';
import { agentResource } from '../../src/agents/search.ts';
import { answerText } from '../../src/directory/answer.ts';

const URL = 'http://host/orchestrator/a2a/v1';
const echo = agentResource(
  { code: 'echo', name: 'Echo', description: 'Sends back.', version: '1.0.0' },
  'http://host/',
);
const line = `- Echo: Sends back. ${URL}/echo/.well-known/agent.json`;

it.each([
  ['ping', { total_count: 0, resources: [] }, 'No agent fits that.'],
  [' ', { total_count: 0, resources: [] }, 'No agent is published.'],
  ['ping', { total_count: 1, resources: [echo] }, `1 agent fits:\n${line}`],
  ['ping', { total_count: 2, resources: [echo, echo] }, `2 agents fit:\n${line}\n${line}`],
  ['ping', { total_count: 9, resources: [echo] }, `9 agents fit, these best:\n${line}`],
  ['', { total_count: 1, resources: [echo] }, `1 agent is published:\n${line}`],
  ['', { total_count: 9, resources: [echo] }, `9 agents are published, these among them:\n${line}`],
])('asked %j, with %j', (query, finding, text) => {
  expect(answerText(query, finding)).toBe(text);
});
