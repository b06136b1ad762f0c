import { CancellationScope, proxyActivities, uuid4 } from '@temporalio/workflow';
import type { IncomingMessage } from '../mapping/incoming.ts';
import { MappingError, mapped } from '../mapping/mapping.ts';
import type { WaitsFor } from '../mapping/plain.ts';
import type { Json } from '../tasks/task.ts';
import { activityFailed, describeFailure } from '../workflow-kit/failures.ts';
import type { TaskContext } from '../workflow-kit/index.ts';
import { type PlainActivities, UNREADABLE, WATCH_TASK_QUEUE, type Watch } from './contract.ts';

const retry = { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' } as const;

// As long as the workflow lives; a worker's death is noticed by the missing heartbeat. Not sooner: each one is a write
// of Temporal's, and most of the time nothing happens.
const { watchPlain, answerPlain } = proxyActivities<PlainActivities>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '15 seconds',
  // Nobody needs what a watch that is called off would have seen.
  cancellationType: 'TRY_CANCEL',
  retry,
});

/**
 * Hands a workflow's questions to the user and the user's answers to the workflow, for as long as it runs. When its
 * questions cannot be read the task says so, and the workflow goes on: its work is not undone for that.
 * @throws ActivityFailure when it cannot be answered at all.
 */
export async function converse(task: TaskContext, workflowId: string, waitsFor: WaitsFor): Promise<never> {
  let refusal: string | null = null;
  for (;;) {
    const question = await nextQuestion(task, { workflowId, waitsFor, known: null });
    if (question === null) {
      // It has ended: what it ended with is on its way.
      await new Promise<never>(() => {});
      continue;
    }
    const asked = refusal === null ? question : `That was not taken: ${refusal}\n${question}`;
    // Cannot it be read for a moment, then it is not withdrawn.
    const withdrawn = () => watchPlain({ workflowId, waitsFor, known: question, unreadable: true });
    const answer = await answerTo(task, asked, withdrawn);
    refusal = null;
    if (answer === undefined) task.status('Going on: an answer is no longer waited for');
    else refusal = await give(answer, workflowId, waitsFor);
  }
}

async function nextQuestion(task: TaskContext, watch: Watch): Promise<string | null> {
  try {
    return await watchPlain(watch);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    task.status(describeFailure(error));
    return watchPlain({ ...watch, unreadable: true });
  }
}

const isUnreadable = (error: unknown): boolean => activityFailed(error)?.type === UNREADABLE;

/** What the user answers; undefined when the question is withdrawn before. */
async function answerTo(
  task: TaskContext,
  question: string,
  withdrawn: () => Promise<unknown>,
): Promise<IncomingMessage | undefined> {
  const asking = new CancellationScope();
  try {
    return await asking.run(() => Promise.race([task.ask(question), withdrawn().then(() => undefined)]));
  } finally {
    asking.cancel();
  }
}

/** @returns why the answer is refused; null when it was taken. */
async function give(
  answer: IncomingMessage,
  workflowId: string,
  { update, signal, args }: WaitsFor,
): Promise<string | null> {
  const { text, data, parts, metadata, messageId } = answer;
  const roots = { text, ...(data === undefined ? {} : { data }), parts, metadata, messageId };
  const answerId = uuid4();
  let values: Json[];
  try {
    values = args === undefined ? [data ?? text] : args.map((mapping) => mapped(mapping, roots));
  } catch (error) {
    if (error instanceof MappingError) return error.message;
    throw error;
  }
  const kind = update === undefined ? 'signal' : 'update';
  return answerPlain({ workflowId, answerId, name: update ?? signal ?? '', kind, args: values });
}
