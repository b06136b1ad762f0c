import { allHandlersFinished, CancellationScope, condition, continueAsNew } from '@temporalio/workflow';
import { type IncomingMessage, incoming } from '../mapping/incoming.ts';
import type { TaskInput } from '../tasks/contract.ts';
import type { Json, Message } from '../tasks/task.ts';
import { type CarriedConversation, Conversation as Turns } from './conversation.ts';
import { isNextRunDue, LAST_RUN, NEXT_RUN, type RunLimits } from './limits.ts';
import type { Projector } from './projector.ts';
import { runTask, type TaskRun } from './run-task.ts';
import { checkSize, MAX_CARRIED_HISTORY, MAX_CARRIED_QUESTION_BYTES, MAX_STATE_BYTES } from './sizes.ts';
import { Snapshot } from './snapshot.ts';
import type { AgentResult, Say, TurnContext } from './task-context.ts';
import { turnContext } from './turn-context.ts';

/** What comes of a turn: a question with what is to be known when it is answered, or the task's end. */
export type Next<S extends Json> =
  | {
      state: S;
      /** Waits for the next message (`input-required`); at most 500 kB. */
      ask: Say;
      /** Waits for an authorization (`auth-required`) instead. */
      auth?: boolean;
    }
  /** Completes the task, as what a plain body returns. */
  | { end: AgentResult };

export interface Conversation<S extends Json> {
  /** The state before the first message. */
  initial: S;
  /** One message and what comes of it. A throw is `failed`, `task.reject` is `rejected`. */
  turn(state: S, message: IncomingMessage, task: TurnContext): Promise<Next<S>> | Next<S>;
}

/** What one run of a conversation hands to the next. */
interface Carried extends CarriedConversation {
  state: Json;
}

type ConversationWorkflow = (input: TaskInput, carried?: Carried) => Promise<void>;

/**
 * Makes a turn the workflow of an agent whose conversations may last for ever. Its name as an export is the
 * workflow type.
 *
 * Between two turns nothing of the author's runs: all that the next one needs is the state, which is JSON of at
 * most 1 MB and comes back to the next turn as JSON gives it. So the kit can go on in a new run of the workflow
 * before Temporal's limits, every 1,000 messages or 4,000 events; the task, and who waits for it, notice nothing.
 * One turn alone has the limits of `agentWorkflow`.
 *
 * @example
 * export const diary = conversationWorkflow<string[]>({
 *   initial: [],
 *   turn: (entries, message) =>
 *     message.text === 'done'
 *       ? { end: entries.join('\n') }
 *       : { state: [...entries, message.text], ask: 'What else?' },
 * });
 */
export const conversationWorkflow = <S extends Json>(conversation: Conversation<S>): ConversationWorkflow =>
  limitedConversationWorkflow(NEXT_RUN, conversation);

/** For tests, which have not the time for as many turns. */
export function limitedConversationWorkflow<S extends Json>(
  limits: RunLimits,
  conversation: Conversation<S>,
): ConversationWorkflow {
  return (input, carried) => {
    const snapshot = new Snapshot(input);
    const turns = new Turns({ snapshot, keep: MAX_CARRIED_HISTORY });
    if (carried === undefined) turns.begin(input.message);
    else turns.resume(carried);
    const run: TaskRun = { input, snapshot, conversation: turns };
    return runTask(run, {
      limits: LAST_RUN,
      tooLong: 'one turn of a conversation can be',
      wholeSteps: true,
      body: (projector) => converse({ run, projector, limits, carried, conversation }),
    });
  };
}

interface Talk<S extends Json> {
  run: TaskRun;
  projector: Projector;
  limits: RunLimits;
  carried: Carried | undefined;
  conversation: Conversation<S>;
}

async function converse<S extends Json>(talk: Talk<S>): Promise<AgentResult> {
  const { run, conversation, carried } = talk;
  const turns = run.conversation;
  const task = turnContext(run);
  let state = copyOf((carried?.state as S | undefined) ?? conversation.initial);
  if (carried === undefined) run.snapshot.begin();
  let message: Message | undefined = carried === undefined ? run.input.message : await turns.answer();
  while (message !== undefined) {
    const next = await conversation.turn(state, incoming(message), task);
    // What the author's code caught is an end all the same.
    if (run.ended !== undefined) throw run.ended;
    if ('end' in next) return next.end;
    checkSize('The state of the conversation', next.state, MAX_STATE_BYTES);
    checkSize('The question', next.ask, MAX_CARRIED_QUESTION_BYTES);
    // As the next run would have it, so that a turn never depends on which run it is in.
    state = copyOf(next.state);
    turns.pose(next.ask, { auth: next.auth ?? false });
    if (isNextRunDue(talk.limits, turns.taken)) await nextRun(talk, state);
    message = await turns.answer();
  }
  return undefined;
}

/** Goes on in a new run, unless the answer was faster: then after the next turn. */
async function nextRun<S extends Json>({ run, projector }: Talk<S>, state: S): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    await projector.settled();
    // Whoever sent a message has to be told first that it was taken.
    await condition(allHandlersFinished);
  });
  const conversation = run.conversation.carried();
  if (conversation === undefined || CancellationScope.current().consideredCancelled) return;
  const { message, ...input } = run.input;
  await continueAsNew<ConversationWorkflow>(
    // The first message is in the history, as long as that holds it; the metadata is read by no run.
    { ...input, message: { ...message, parts: [], metadata: {} }, metadata: {} },
    { ...conversation, state },
  );
}

const copyOf = <S extends Json>(state: S): S => JSON.parse(JSON.stringify(state)) as S;
