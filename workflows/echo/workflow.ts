import { agentWorkflow } from 'workflow-agent-host/workflow';

/** No timer and no activity of its own: it ends within its first workflow task. */
export const echo = agentWorkflow((task) => {
  const { text, parts } = task.message;
  const attached = parts.filter((part) => part.text === undefined).length;
  if (parts.length === 0) return 'The message was empty: send some text, data or a file and it comes back.';
  task.artifact({
    name: 'echo',
    description: 'The message as it arrived',
    parts: [...parts],
  });
  if (text !== '') return text;
  return `Your ${attached === 1 ? 'part comes' : `${attached} parts come`} back in the artifact "echo".`;
});
