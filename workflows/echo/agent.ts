import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'echo',
  name: 'Echo',
  description:
    'Sends back what it was sent: text as text, data and files as an artifact. Good for a first call.',
  version: '1.0.0',
  workflow: 'echo',
  inputModes: ['text/plain', 'application/json', 'application/octet-stream'],
  outputModes: ['text/plain', 'application/json', 'application/octet-stream'],
  review: { riskLevel: 'low' },
  skills: [
    {
      id: 'echo',
      name: 'Echo a message',
      description: 'Repeats the text, data and files of a message, to try a connection or a client.',
      tags: ['echo', 'test', 'ping', 'hello', 'demo'],
      examples: ['Hello there'],
    },
  ],
});
