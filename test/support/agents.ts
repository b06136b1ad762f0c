import type { AgentDefinition, AgentSkill } from '../../src/agents/definition.ts';
import { defineAgent } from '../../src/agents/definition.ts';

export const skillOf = (given: Partial<AgentSkill> = {}): AgentSkill => ({
  id: 'do',
  name: 'Do',
  description: 'Does it.',
  tags: ['thing'],
  ...given,
});

/** A definition of which a test says only what it is about. */
export const agentOf = (code: string, given: Partial<AgentDefinition> = {}): AgentDefinition =>
  defineAgent({
    code,
    name: code,
    description: 'An agent.',
    version: '1.0.0',
    workflow: code.replaceAll('-', '_'),
    skills: [skillOf()],
    ...given,
  });
