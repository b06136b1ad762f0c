import { defineAgent } from 'workflow-agent-host';

export default defineAgent({
  code: 'bench-plain',
  name: 'Bench plain',
  description: 'Ends at once, as a workflow that knows nothing of tasks.',
  version: '1.0.0',
  // The worker of the baselines.
  plain: { workflowType: 'empty', taskQueue: 'bench-plain', args: [], timeout: '1m' },
  skills: [{ id: 'end', name: 'End', description: 'Ends.', tags: ['bench'] }],
});
