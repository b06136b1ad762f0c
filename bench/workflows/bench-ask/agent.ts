import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bench-ask',
  name: 'Asker',
  description: 'Asks, and whatever the answer is, asks again.',
  version: '1.0.0',
  workflow: 'benchAsk',
  skills: [{ id: 'ask', name: 'Ask', description: 'Asks for ever.', tags: ['bench', 'conversation'] }],
});
