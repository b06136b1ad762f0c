import type { Client } from '@a2a-js/sdk/client';
import { TaskNotFoundError } from '@a2a-js/sdk/errors';
import type { RemoteHost } from '../context.ts';
import { CliError, describeFailure } from '../failure.ts';
import { connectAgent } from './agent.ts';
import { searchAgents } from './registry.ts';

const AT_ONCE = 8;

export interface TaskHome {
  code: string;
  client: Client;
}

/**
 * The agent that has the task. A2A's methods are each agent's own, so unless it is named every agent is asked,
 * a few at a time.
 * @throws CliError when no agent has it.
 */
export async function findTaskHome(host: RemoteHost, taskId: string, agent?: string): Promise<TaskHome> {
  if (agent !== undefined) return { code: agent, client: await connectAgent(host, agent) };
  const codes = (await searchAgents(host)).map(({ id }) => id);
  const silent: string[] = [];
  for (let at = 0; at < codes.length; at += AT_ONCE) {
    const asked = await Promise.all(codes.slice(at, at + AT_ONCE).map((code) => lookUp(host, code, taskId)));
    const home = asked.find((answer) => typeof answer === 'object');
    if (home !== undefined) return home;
    silent.push(...asked.filter((answer) => typeof answer === 'string'));
  }
  throw notFound(taskId, silent);
}

/** The task's home, undefined when the agent has no such task, or why it could not tell. */
async function lookUp(
  host: RemoteHost,
  code: string,
  taskId: string,
): Promise<TaskHome | string | undefined> {
  try {
    const client = await connectAgent(host, code);
    await client.getTask({ tenant: '', id: taskId, historyLength: 0 });
    return { code, client };
  } catch (error) {
    if (error instanceof TaskNotFoundError) return undefined;
    return `${code}: ${describeFailure(error).message}`;
  }
}

function notFound(taskId: string, silent: string[]): CliError {
  if (silent.length === 0) return new CliError(`No agent has a task ${taskId}.`);
  return new CliError(`No agent that answered has a task ${taskId}.`, {
    hint: `These could not be asked: ${silent.join('; ')}`,
  });
}
