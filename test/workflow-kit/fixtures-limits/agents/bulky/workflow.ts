import { agentWorkflow } from 'workflow-agent-host/workflow';

export const bulky = agentWorkflow((task) => {
  task.artifact({ name: 'bulk', text: 'x'.repeat(Number(task.message.text)) });
  return 'given';
});
