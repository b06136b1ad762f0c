import { proxyActivities } from '@temporalio/workflow';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import { agentWorkflow } from '../workflow-kit/index.ts';
import { answerText } from './answer.ts';
import type { DirectoryActivities } from './find-agents.ts';

const { findAgents } = proxyActivities<DirectoryActivities>({
  taskQueue: SYSTEM_TASK_QUEUE,
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
});

/** Answers with the agents that fit, as text and as data in the shape of the registry's search. */
export const agentDirectory = agentWorkflow(async (task) => {
  const query = task.message.text;
  const finding = await findAgents(query, task.caller);
  task.artifact({
    name: 'agents',
    description: 'The agents that fit, the best first',
    data: { total_count: finding.total_count, resources: finding.resources.map((each) => ({ ...each })) },
  });
  return answerText(query, finding);
});
