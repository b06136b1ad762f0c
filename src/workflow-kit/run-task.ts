import {
  type ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  condition,
  DeterminismViolationError,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
  sleep,
  uuid4,
} from '@temporalio/workflow';
import { MESSAGE_UPDATE, type Seen, SNAPSHOT_QUERY, type TaskInput } from '../tasks/contract.ts';
import type { Message } from '../tasks/task.ts';
import type { Conversation } from './conversation.ts';
import { describeFailure, failureOf, type TaskEnded } from './failures.ts';
import { isHistoryOver, type RunLimits, tooLong } from './limits.ts';
import { Projector } from './projector.ts';
import { checkSize, MAX_SAID_BYTES } from './sizes.ts';
import type { Snapshot, SnapshotView } from './snapshot.ts';
import type { AgentResult } from './task-context.ts';
import { agentMessage, resultArtifact } from './values.ts';

const messageUpdate = defineUpdate<void, [Message, Seen | undefined]>(MESSAGE_UPDATE);
const snapshotQuery = defineQuery<SnapshotView>(SNAPSHOT_QUERY);

/** For the author's own clean-up, once a task has become too long. */
const CLEAN_UP = '1 minute';

/** One run of a task. */
export interface TaskRun {
  input: TaskInput;
  snapshot: Snapshot;
  conversation: Conversation;
  /** Set by `task.reject` and `task.reply`. */
  ended?: TaskEnded;
  /** Set once the history is as long as it may be. */
  overlong?: ApplicationFailure;
}

export interface TaskRunOptions {
  /** Past this the task fails. */
  limits: RunLimits;
  /** What is too long then, and what would not be. */
  tooLong: string;
  /** As the projector has it. */
  wholeSteps: boolean;
  body(projector: Projector): Promise<AgentResult> | AgentResult;
}

/**
 * Runs a body as the task's workflow, to its end or to its next run. What is changed here may change in which order
 * an older task's steps are begun, and with it whether it can go on: the replay tests say so.
 */
export async function runTask(run: TaskRun, options: TaskRunOptions): Promise<void> {
  const { snapshot, conversation, input } = run;
  const projector = new Projector({ snapshot, taskId: input.taskId, wholeSteps: options.wholeSteps });
  setHandler(messageUpdate, (message, seen) => conversation.take(message, seen), {
    validator: (message, seen) => conversation.check(message, seen),
  });
  setHandler(snapshotQuery, () => snapshot.view);
  void CancellationScope.nonCancellable(() => projector.run());

  const failure = await Promise.race([conclude(run, () => options.body(projector)), cutOff(run, options)]);
  await CancellationScope.nonCancellable(() => projector.settled());
  if (failure !== undefined) throw failure;
}

/** Ends a body whose history nears the limit at which Temporal would end it without a word. */
function cutOff(run: TaskRun, { limits, tooLong: what }: TaskRunOptions): Promise<Error> {
  const workflow = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    await condition(() => isHistoryOver(limits));
    const failure = tooLong(what);
    run.overlong = failure;
    workflow.cancel();
    await sleep(CLEAN_UP);
    end(run.snapshot, 'failed', failure.message);
    return failure;
  });
}

/** Runs the body and brings the task to its end; gives what the workflow itself has to end with. */
async function conclude(
  run: TaskRun,
  body: () => Promise<AgentResult> | AgentResult,
): Promise<Error | undefined> {
  const { snapshot } = run;
  try {
    const result = await body();
    if (run.ended !== undefined) throw run.ended;
    if (CancellationScope.current().consideredCancelled) return stopped(run);
    complete(snapshot, result);
    return undefined;
  } catch (error) {
    // Not the author's doing: the workflow task fails and is tried again, on the code it was begun with.
    if (error instanceof DeterminismViolationError) throw error;
    if (error instanceof ContinueAsNew) throw error;
    if (run.ended !== undefined) {
      endAsSaid(snapshot, run.ended);
      return undefined;
    }
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) return stopped(run);
    const message = describeFailure(error);
    end(snapshot, 'failed', message);
    return failureOf(message, error);
  }
}

function complete(snapshot: Snapshot, result: AgentResult): void {
  checkSize('The return value', result, MAX_SAID_BYTES);
  if (typeof result === 'string') {
    end(snapshot, 'completed', result);
    return;
  }
  if (result !== undefined && result !== null) snapshot.artifact(resultArtifact(result));
  snapshot.status('completed');
}

/** The workflow was canceled: by the caller, or because it had become too long. */
function stopped({ snapshot, overlong }: TaskRun): Error {
  if (overlong !== undefined) {
    end(snapshot, 'failed', overlong.message);
    return overlong;
  }
  end(snapshot, 'canceled', 'Canceled at the caller’s request');
  return new CancelledFailure('Task canceled');
}

function endAsSaid(snapshot: Snapshot, { state, say }: TaskEnded): void {
  const message = agentMessage(uuid4(), say);
  if (state === 'completed') snapshot.reply(message);
  else snapshot.end(state, message);
}

function end(
  snapshot: Snapshot,
  state: 'completed' | 'failed' | 'canceled' | 'rejected',
  text: string,
): void {
  snapshot.end(state, agentMessage(uuid4(), text));
}
