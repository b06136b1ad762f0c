import type { AgentDefinition } from '../agents/definition.ts';

export const ASSISTANT_CODE = 'assistant';

/** The agent that has a model do what it is asked, by calling the others. There is none without a model. */
export const ASSISTANT: AgentDefinition = {
  code: ASSISTANT_CODE,
  name: 'Assistant',
  description:
    'Has a language model do what you say with the other agents of this host. It shows whom it calls, and asks you what it cannot know.',
  version: '1.0.0',
  workflow: 'agentAssistant',
  inputModes: ['text/plain', 'application/json'],
  outputModes: ['text/plain', 'application/json'],
  review: { riskLevel: 'medium' },
  skills: [
    {
      id: 'assist',
      name: 'Assist',
      description: 'Finds the agents that fit a wish, calls one after the other, and answers in plain words.',
      tags: ['assistant', 'model', 'multi-agent'],
    },
  ],
};
