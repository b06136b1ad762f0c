import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bench-tick',
  name: 'Ticker',
  description: 'Once told to go, says the time again and again.',
  version: '1.0.0',
  workflow: 'benchTick',
  skills: [{ id: 'tick', name: 'Tick', description: 'Changes its status.', tags: ['bench', 'clock'] }],
});
