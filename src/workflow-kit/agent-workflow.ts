import { type IncomingMessage, incoming } from '../mapping/incoming.ts';
import type { TaskInput } from '../tasks/contract.ts';
import { Conversation } from './conversation.ts';
import { LAST_RUN, type RunLimits, tooLong } from './limits.ts';
import type { Projector } from './projector.ts';
import { runTask, type TaskRun } from './run-task.ts';
import { checkSize, MAX_SAID_BYTES } from './sizes.ts';
import { Snapshot } from './snapshot.ts';
import type { AgentResult, AskOptions, Say, TaskContext } from './task-context.ts';
import { turnContext } from './turn-context.ts';

const TOO_LONG =
  'one run of a workflow can be; write its agent with conversationWorkflow, whose conversations have no end';

/**
 * Makes an author's function the workflow of an agent: its return, throw or cancellation ends the task,
 * and all it says through `task` is recorded in order. Its name as an export is the workflow type.
 *
 * The whole task is one run of Temporal's, for nothing can go on in the middle of a function: after 1,900 answers,
 * 45,000 events (an activity is three and its workflow task three more) or 45 MB of history the task fails and says
 * so; a function that is canceled for its length has a minute to clean up. A conversation that may outgrow this is
 * a `conversationWorkflow`.
 */
export const agentWorkflow = (body: AgentBody): ((input: TaskInput) => Promise<void>) =>
  limitedAgentWorkflow(LAST_RUN, body);

type AgentBody = (task: TaskContext) => Promise<AgentResult> | AgentResult;

/**
 * @param limits for tests, which have not the time for Temporal's own.
 * @param body is given what reports of it, too.
 */
export function limitedAgentWorkflow(
  limits: RunLimits,
  body: (task: TaskContext, projector: Projector) => ReturnType<AgentBody>,
): (input: TaskInput) => Promise<void> {
  return (input) => {
    const snapshot = new Snapshot(input);
    const conversation = new Conversation({ snapshot });
    const run: TaskRun = { input, snapshot, conversation };
    conversation.begin(input.message);
    return runTask(run, {
      limits,
      tooLong: TOO_LONG,
      wholeSteps: false,
      body: (projector) => {
        snapshot.begin();
        return body(taskContext(run, limits), projector);
      },
    });
  };
}

function taskContext(run: TaskRun, limits: RunLimits): TaskContext {
  const { input, conversation } = run;
  const ask = async (question: Say, options: AskOptions = {}): Promise<IncomingMessage | undefined> => {
    checkSize('task.ask', question, MAX_SAID_BYTES);
    if (conversation.taken >= limits.answers) throw tooLong(TOO_LONG);
    conversation.pose(question, options);
    const answer = await conversation.answer(options);
    return answer && incoming(answer);
  };
  return { ...turnContext(run), message: incoming(input.message), ask: ask as TaskContext['ask'] };
}
