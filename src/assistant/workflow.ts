import { agentWorkflow } from '../workflow-kit/index.ts';
import { beginWork } from './work.ts';

/** Lets a model do what the message says: each of its answers, and each call of an agent, is a step of its own. */
export const agentAssistant = agentWorkflow(async (task) => {
  const work = await beginWork(task);
  for (;;) {
    const { text, calls } = await work.think();
    if (calls.length === 0) return text ?? '';
    if (text !== null) task.status(text);
    for (const call of calls) await work.use(call);
  }
});
