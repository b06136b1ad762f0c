import { proxyActivities, uuid4 } from '@temporalio/workflow';
import { type AgentCallResult, type HostActivities, SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import { TaskEnded } from './failures.ts';
import type { TaskRun } from './run-task.ts';
import { checkSize, MAX_SAID_BYTES } from './sizes.ts';
import type { TurnContext } from './task-context.ts';
import { agentMessage, artifactOf, callMessage } from './values.ts';

// No limit of its own: the called task may wait for a human for days. A worker's death is noticed by the
// missing heartbeat, and the next attempt finds the same call.
const host = proxyActivities<HostActivities>({
  taskQueue: SYSTEM_TASK_QUEUE,
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** What an author may do at any time, in either kind of body. */
export function turnContext(run: TaskRun): TurnContext {
  const { input, snapshot, conversation } = run;
  return {
    id: input.taskId,
    contextId: input.contextId,
    caller: { id: input.owner, scopes: input.scopes ?? [] },
    history: conversation.history,
    status: (say) => {
      checkSize('task.status', say, MAX_SAID_BYTES);
      snapshot.status('working', agentMessage(uuid4(), say));
    },
    artifact: (content) => {
      const artifact = artifactOf(content);
      checkSize(`task.artifact ${artifact.name}`, artifact, MAX_SAID_BYTES);
      snapshot.artifact(artifact);
    },
    reject: (reason) => {
      checkSize('task.reject', reason, MAX_SAID_BYTES);
      throw endsWith(run, new TaskEnded('rejected', reason));
    },
    reply: (say) => {
      checkSize('task.reply', say, MAX_SAID_BYTES);
      throw endsWith(run, new TaskEnded('completed', say));
    },
    call: (...call) => callAgent(run, ...call),
  };
}

function endsWith(run: TaskRun, ended: TaskEnded): TaskEnded {
  run.ended = ended;
  return ended;
}

async function callAgent(
  { input }: TaskRun,
  ...[agentCode, message, options = {}]: Parameters<TurnContext['call']>
): Promise<AgentCallResult> {
  checkSize(`task.call ${agentCode}`, message, MAX_SAID_BYTES);
  return host.callAgent({
    callId: uuid4(),
    owner: input.owner,
    ...(input.scopes === undefined ? {} : { scopes: input.scopes }),
    agentCode,
    message: callMessage(message),
    ...(options.taskId === undefined ? {} : { taskId: options.taskId }),
  });
}
