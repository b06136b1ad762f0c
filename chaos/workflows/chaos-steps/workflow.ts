import { ApplicationFailure, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { activities, agentWorkflow } from 'workflow-agent-host/workflow';
import type * as effects from './activities.ts';

interface Asked {
  key: string;
  plan: 'finish' | 'ask' | 'fail' | 'wait';
  steps: number;
  stepMs: number;
}

const { effect } = activities<typeof effects>();

export const chaosSteps = agentWorkflow(async (task) => {
  const { key, plan, steps, stepMs } = task.message.data as unknown as Asked;
  const { workflowId } = workflowInfo();
  const leave = (step: string) => effect({ key, step, workflowId, stepMs });
  try {
    for (let step = 1; step <= steps; step++) {
      await leave(`step ${step}`);
      task.status(`step ${step} of ${steps}`);
    }
    if (plan === 'fail') throw ApplicationFailure.nonRetryable('as planned', 'Planned');
    if (plan === 'wait') await condition(() => false);
    if (plan === 'ask') await leave(`answered ${(await task.ask('Go on?')).text}`);
    task.artifact({ name: 'steps', data: { key, steps } });
    return `${steps} steps`;
  } catch (error) {
    if (plan === 'wait') {
      await CancellationScope.nonCancellable(() => leave('cleaned up'));
      task.artifact({ name: 'left', data: { key } });
    }
    throw error;
  }
});
