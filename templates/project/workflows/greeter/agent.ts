import { defineAgent } from 'workflow-agent-host';

/** What the agent is. The host reads this file and no other. */
export default defineAgent({
  code: 'greeter',
  name: 'Greeter',
  description: 'Greets you by your name, and asks for it when you do not say it.',
  version: '1.0.0',
  workflow: 'greeter',
  skills: [
    {
      id: 'greet',
      name: 'Greet',
      description: 'Says hello.',
      tags: ['hello', 'example'],
      examples: ['Ada'],
    },
  ],
});
