import { agentWorkflow } from 'workflow-agent-host/workflow';

/** Ends by itself when nobody has answered for a while: a bench leaves nothing behind. */
export const benchAsk = agentWorkflow(async (task) => {
  for (;;) {
    if ((await task.ask('And then?', { timeout: '10 minutes' })) === undefined) return;
  }
});
