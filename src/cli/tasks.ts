import { type Task, TaskState } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import { isFinal } from '../tasks/state.ts';
import type { TaskState as State } from '../tasks/task.ts';
import { type CommandContext, commandLine } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { connectAgent } from './remote/agent.ts';
import { findTaskHome } from './remote/find-task.ts';
import { follow } from './remote/follow.ts';
import { Progress, Shown } from './show/progress.ts';
import { exitOfState, stateOf, statusLines, taskJson, taskLines } from './show/task.ts';
import { table } from './show/text.ts';

export interface TaskOptions {
  /** The agent that has the task; looked for when absent. */
  agent?: string;
  /** Follows the task until it ends or asks. */
  stream?: boolean;
}

export async function showTask(
  context: CommandContext,
  id: string,
  { agent, stream = false }: TaskOptions,
): Promise<ExitCode> {
  const { code, client } = await findTaskHome(context, id, agent);
  const state = await (stream ? followTask(context, client, id) : printTask(context, client, id));
  const exit = exitOfState(state);
  if (exit === EXIT.waiting) {
    const next = commandLine(context, ['send', code, 'your answer', '--task', id]);
    context.output.note('The task waits for an answer. Go on with:', `  ${next}`);
  }
  return exit;
}

async function printTask(context: CommandContext, client: Client, id: string): Promise<State | undefined> {
  const task = await client.getTask({ tenant: '', id });
  print(context, task);
  return stateOf(task.status);
}

async function followTask(
  { output }: CommandContext,
  client: Client,
  id: string,
): Promise<State | undefined> {
  const progress = new Progress(output, new Shown());
  await follow(client, id, progress);
  return progress.state;
}

/** How many tasks are listed: the newest. */
const LISTED = 20;

/** The caller's newest tasks with an agent. */
export async function listTasks(context: CommandContext, code: string): Promise<ExitCode> {
  const { output } = context;
  const client = await connectAgent(context, code);
  const { tasks } = await client.listTasks({
    tenant: '',
    contextId: '',
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageSize: LISTED,
    pageToken: '',
    statusTimestampAfter: undefined,
  });
  output.object({ tasks: tasks.map(taskJson) });
  if (tasks.length === 0) output.text(`You have no task with ${code}.`);
  else {
    const rows = tasks.map(({ id, status }) => [id, statusLines(status).join(' ')]);
    output.text(...table(['task', 'status'], rows, output.width));
  }
  return EXIT.ok;
}

/** Succeeds when the task is canceled, or will be: that is what was asked for. */
export async function cancelTask(
  context: CommandContext,
  id: string,
  { agent }: TaskOptions,
): Promise<ExitCode> {
  const { client } = await findTaskHome(context, id, agent);
  const task = await client.cancelTask({ tenant: '', id, metadata: undefined });
  print(context, task);
  const state = stateOf(task.status);
  return state === 'canceled' || (state !== undefined && !isFinal(state)) ? EXIT.ok : EXIT.failed;
}

function print({ output }: CommandContext, task: Task): void {
  output.object({ task: taskJson(task) });
  output.text(...taskLines(task));
}
