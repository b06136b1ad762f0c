import { Message, type SendMessageRequest, type Task } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import type { TaskState } from '../tasks/task.ts';
import { type CommandContext, commandLine } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { type MessageArguments, metadataOf, partsOf, textPart, userMessage } from './parts.ts';
import { connectAgent } from './remote/agent.ts';
import { sendAndFollow } from './remote/follow.ts';
import { Progress, Shown } from './show/progress.ts';
import { exitOfState, messageLines, stateOf, taskJson, taskLines } from './show/task.ts';

export interface SendOptions extends MessageArguments {
  stream?: boolean;
  task?: string;
  context?: string;
  /** A JSON object. */
  metadata?: string;
}

/** What came of one message; without a state the agent answered with a plain message. */
interface Outcome {
  taskId?: string;
  state?: TaskState | undefined;
}

type Deliver = (message: Message) => Promise<Outcome>;

/** Sends one message and, at a terminal, goes on for as long as the agent asks. */
export async function send(context: CommandContext, code: string, options: SendOptions): Promise<ExitCode> {
  const parts = await partsOf(options, context.readStdin);
  const client = await connectAgent(context, code);
  const shown = new Shown();
  const deliver: Deliver = options.stream
    ? (message) => deliverStreaming(context, { client, shown }, message)
    : (message) => deliverBlocking(context, client, message);
  const first = userMessage(parts, {
    ...(options.task === undefined ? {} : { taskId: options.task }),
    ...(options.context === undefined ? {} : { contextId: options.context }),
    ...(options.metadata === undefined ? {} : { metadata: metadataOf(options.metadata) }),
  });
  const outcome = await converse(context, deliver, first);
  if (outcome.taskId === undefined) return EXIT.ok;
  const exit = exitOfState(outcome.state);
  if (exit === EXIT.waiting) tellHowToGoOn(context, code, outcome.taskId, options.stream === true);
  return exit;
}

/** Delivers the message, then each answer of the person at the terminal, until the task asks no more. */
export async function converse(
  { ask }: Pick<CommandContext, 'ask'>,
  deliver: Deliver,
  first: Message,
): Promise<Outcome> {
  let outcome = await deliver(first);
  while (ask !== undefined && outcome.state === 'input-required' && outcome.taskId !== undefined) {
    const answer = await ask('> ');
    if (answer === undefined) return outcome;
    if (answer.trim() === '') continue;
    outcome = await deliver(userMessage([textPart(answer)], { taskId: outcome.taskId }));
  }
  return outcome;
}

async function deliverBlocking(
  { output }: CommandContext,
  client: Client,
  message: Message,
): Promise<Outcome> {
  const answer = await client.sendMessage(requestOf(message));
  if (isMessage(answer)) {
    output.object({ messageId: message.messageId, message: Message.toJSON(answer) });
    output.text(...messageLines(answer));
    return {};
  }
  output.object({ messageId: message.messageId, task: taskJson(answer) });
  output.text(...taskLines(answer));
  return { taskId: answer.id, state: stateOf(answer.status) };
}

async function deliverStreaming(
  { output }: CommandContext,
  { client, shown }: { client: Client; shown: Shown },
  message: Message,
): Promise<Outcome> {
  output.line({ messageId: message.messageId });
  const progress = new Progress(output, shown);
  await sendAndFollow(client, requestOf(message), progress, {
    onBreak: () => output.note('The stream broke off; taking it up again …'),
  });
  return progress.taskId === undefined ? {} : { taskId: progress.taskId, state: progress.state };
}

const requestOf = (message: Message): SendMessageRequest => ({
  tenant: '',
  message,
  configuration: undefined,
  metadata: undefined,
});

const isMessage = (answer: Message | Task): answer is Message => 'messageId' in answer;

function tellHowToGoOn(context: CommandContext, code: string, taskId: string, stream: boolean): void {
  const args = ['send', code, 'your answer', '--task', taskId, ...(stream ? ['--stream'] : [])];
  context.output.note('The task waits for an answer. Go on with:', `  ${commandLine(context, args)}`);
}
