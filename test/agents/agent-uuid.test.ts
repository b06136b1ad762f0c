import { expect, it } from 'vitest';
import { agentUuid } from '../../src/agents/agent-uuid.ts';

it('is version 5 of the agent’s URL (RFC 9562 §5.5)', () => {
  // Made by Python's uuid.uuid5(uuid.NAMESPACE_URL, 'https://workflow-agent-host.dev/agents/echo').
  expect(agentUuid('echo')).toBe('207168dc-5e06-5dee-b618-71e1ffcb51f0');
  expect(agentUuid('echo')).not.toBe(agentUuid('trip-planner'));
});
