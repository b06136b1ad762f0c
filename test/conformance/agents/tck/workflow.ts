import { sleep } from '@temporalio/workflow';
import { type AgentResult, agentWorkflow, type TaskContext } from 'workflow-agent-host/workflow';

type Step = (task: TaskContext) => AgentResult | Promise<AgentResult>;

const file = { filename: 'output.txt', mediaType: 'text/plain' };
// "The content of the file" in base64.
const raw = 'VGhlIGNvbnRlbnQgb2YgdGhlIGZpbGU=';

/** What is said before and after is seen as two changes, not as one. */
const pause = () => sleep(20);

const streamed =
  (...writes: ((task: TaskContext) => void)[]): Step =>
  async (task) => {
    task.status('Working');
    for (const write of writes) {
      await pause();
      write(task);
    }
    await pause();
  };

const text = (name: string, said: string) => (task: TaskContext) => task.artifact({ name, text: said });

/** The kit's scenarios by the prefix of the message id, a longer prefix before one that it begins with. */
const SCENARIOS: [prefix: string, step: Step][] = [
  ['tck-artifact-text', text('text', 'Generated text content')],
  ['tck-artifact-file-url', (task) => output(task, { url: 'https://example.com/output.txt', ...file })],
  ['tck-artifact-file', (task) => output(task, { raw, ...file })],
  ['tck-artifact-data', (task) => task.artifact({ name: 'data', data: { key: 'value', count: 42 } })],
  ['tck-message-response', (task) => task.reply('Direct message response')],
  ['tck-reject-task', (task) => task.reject('rejected')],
  ['tck-stream-001', streamed(text('text', 'Stream hello from TCK'))],
  ['tck-stream-002', () => undefined],
  ['tck-stream-003', streamed(text('text', 'Stream task lifecycle'))],
  ['tck-stream-ordering-001', streamed(text('text', 'Ordered output'))],
  ['tck-stream-artifact-text', streamed(text('text', 'Streamed text content'))],
  ['tck-stream-artifact-file', streamed((task) => output(task, { raw, ...file }))],
  ['tck-stream-artifact-chunked', streamed(text('text', 'chunk-1 '), text('text', 'chunk-1 chunk-2'))],
  ['test-resubscribe-message-id', longRunning],
];

export const tck = agentWorkflow(async (task) => {
  let { messageId } = task.message;
  while (messageId.startsWith('tck-input-required')) ({ messageId } = await task.ask('What else?'));
  const step = SCENARIOS.find(([prefix]) => messageId.startsWith(prefix))?.[1];
  return step === undefined ? 'Hello from TCK' : step(task);
});

const output = (task: TaskContext, part: { url?: string; raw?: string }) =>
  task.artifact({ name: 'output', parts: [part] });

async function longRunning(task: TaskContext): Promise<void> {
  task.status('Working');
  await sleep('20 seconds');
}
