import { type AgentDefinition, DIRECTORY_CODE } from '../agents/definition.ts';

/**
 * The agent that finds agents, for clients that know only the host: its card lies at the host's root. It is no
 * entry of the registry that it searches.
 */
export const DIRECTORY: AgentDefinition = {
  code: DIRECTORY_CODE,
  name: 'Directory',
  description: 'Finds the agents of this host. Say in plain words what you want done.',
  version: '1.0.0',
  workflow: 'agentDirectory',
  inputModes: ['text/plain'],
  outputModes: ['text/plain', 'application/json'],
  skills: [
    {
      id: 'find-agents',
      name: 'Find agents',
      description:
        'Answers a question or a few words with the agents that fit, the best first, and their cards.',
      tags: ['directory', 'search', 'discovery'],
      examples: ['Who can approve an expense?', 'I want my money back'],
    },
  ],
};
