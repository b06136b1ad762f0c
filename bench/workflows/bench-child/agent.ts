import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bench-child',
  name: 'Bench child',
  description: 'The same, which might take a day.',
  version: '1.0.0',
  // The worker of the baselines.
  plain: { workflowType: 'empty', taskQueue: 'bench-plain', args: [] },
  skills: [{ id: 'end', name: 'End', description: 'Ends.', tags: ['bench'] }],
});
