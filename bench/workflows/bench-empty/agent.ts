import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bench-empty',
  name: 'Empty',
  description: 'Ends at once and says nothing.',
  version: '1.0.0',
  workflow: 'benchEmpty',
  skills: [{ id: 'nothing', name: 'Nothing', description: 'Does nothing.', tags: ['bench', 'empty'] }],
});
