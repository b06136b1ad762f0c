import { defineAgent } from 'workflow-agent-host';

/** What the protocol's compatibility kit calls. It repeats message ids, and it may be sent any media type. */
export default defineAgent({
  code: 'tck',
  name: 'Compatibility kit',
  description: 'Does what the compatibility kit’s scenarios say, by the prefix of the message id.',
  version: '1.0.0',
  workflow: 'tck',
  duplicateMessages: 'new-task',
  mayReply: true,
  inputModes: ['*/*'],
  outputModes: ['*/*'],
  skills: [
    {
      id: 'scenarios',
      name: 'Play a scenario',
      description: 'Plays the scenario that the message id names.',
      tags: ['conformance'],
    },
  ],
});
