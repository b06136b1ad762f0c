import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'ledger',
  name: 'Ledger',
  description: 'Counts what it is told, for ever.',
  version: '1.0.0',
  workflow: 'ledger',
  skills: [{ id: 'count', name: 'Count', description: 'Counts messages.', tags: ['count'] }],
});
