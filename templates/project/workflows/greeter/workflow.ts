import { activities, agentWorkflow } from 'workflow-agent-host/workflow';
import type * as steps from './activities.ts';

const { timeOfDay } = activities<typeof steps>({ startToCloseTimeout: '10 seconds' });

/** What it does. It runs in Temporal's sandbox: whatever touches the world is an activity. */
export const greeter = agentWorkflow(async (task) => {
  let name = task.message.text.trim();
  if (name === '') name = (await task.ask('What is your name?')).text.trim();
  return `Good ${await timeOfDay()}, ${name}!`;
});
