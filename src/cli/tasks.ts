import type { Task } from '@a2a-js/sdk';
import { isFinal } from '../tasks/state.ts';
import { type CommandContext, commandLine } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { findTaskHome } from './remote/find-task.ts';
import { exitOfState, stateOf, taskJson, taskLines } from './show/task.ts';

export interface TaskOptions {
  /** The agent that has the task; looked for when absent. */
  agent?: string;
}

export async function showTask(
  context: CommandContext,
  id: string,
  { agent }: TaskOptions,
): Promise<ExitCode> {
  const { code, client } = await findTaskHome(context.url, id, agent);
  const task = await client.getTask({ tenant: '', id });
  print(context, task);
  const exit = exitOfState(stateOf(task.status));
  if (exit === EXIT.waiting) {
    const next = commandLine(context, ['send', code, 'your answer', '--task', task.id]);
    context.output.note('The task waits for an answer. Go on with:', `  ${next}`);
  }
  return exit;
}

/** Succeeds when the task is canceled, or will be: that is what was asked for. */
export async function cancelTask(
  context: CommandContext,
  id: string,
  { agent }: TaskOptions,
): Promise<ExitCode> {
  const { client } = await findTaskHome(context.url, id, agent);
  const task = await client.cancelTask({ tenant: '', id, metadata: undefined });
  print(context, task);
  const state = stateOf(task.status);
  return state === 'canceled' || (state !== undefined && !isFinal(state)) ? EXIT.ok : EXIT.failed;
}

function print({ output }: CommandContext, task: Task): void {
  output.object({ task: taskJson(task) });
  output.text(...taskLines(task));
}
