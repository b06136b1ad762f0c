import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { AgentDefinition } from '../../agents/definition.ts';
import { messageOf } from '../../errors.ts';
import { incoming } from '../../mapping/incoming.ts';
import { problemOfAttributes } from '../../mapping/search-attributes.ts';
import type { Answer, PlainActivities, PlainResult } from '../../plain/contract.ts';
import type { Projection } from '../../tasks/contract.ts';
import type { TaskEngine } from '../../tasks/ports.ts';
import type { Part } from '../../tasks/task.ts';
import { runBeside } from './beside.ts';
import { followPlain } from './follow.ts';
import type { HeadStarts } from './head-starts.ts';
import { watchPlain } from './watch.ts';

export interface PlainActivityOptions {
  client(): Client;
  engine: Pick<TaskEngine, 'searchAttributes'>;
  agent(code: string): AgentDefinition | undefined;
  /** Records what a task has to say. */
  record(report: Projection): Promise<void>;
  headStarts: Pick<HeadStarts, 'has'>;
}

/** What the workflows that stand before plain ones cannot do themselves. */
export const createPlainActivities = ({
  client,
  engine,
  agent,
  record,
  headStarts,
}: PlainActivityOptions): PlainActivities => ({
  watchPlain: (watch) => watchPlain(client(), watch),
  followPlain: (followed) => followPlain(client(), followed),
  runBeside: (beside) => runBeside({ client: client(), record, headStarts }, beside),
  answerPlain: (answer) => answerPlain(client(), answer),
  checkAttributes: async (attributes) =>
    problemOfAttributes(attributes, await engine.searchAttributes(Object.keys(attributes))) ?? null,
  mapPlainResult: async (given, bytes) => mapResult(agent(given.agentCode), given, bytes),
});

async function answerPlain(client: Client, { workflowId, answerId, name, kind, args }: Answer) {
  const handle = client.workflow.getHandle(workflowId);
  try {
    if (kind === 'signal') await handle.signal(name, ...args);
    else await handle.executeUpdate(name, { args: args as [], updateId: answerId });
    return null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    if (error instanceof WorkflowUpdateFailedError) return messageOf(error.cause ?? error);
    throw error;
  }
}

async function mapResult(
  agent: AgentDefinition | undefined,
  { agentCode, message, result }: PlainResult,
  bytes: Uint8Array | undefined,
) {
  const map = agent?.plain?.result;
  if (typeof map !== 'function') {
    throw new Error(`agent ${agentCode} has no function for its results on this worker`);
  }
  try {
    return map(bytes ?? result, incoming(message)) as string | readonly Part[];
  } catch (error) {
    const problem = `The workflow’s result cannot be shown: ${messageOf(error)}`;
    throw ApplicationFailure.nonRetryable(problem, 'BadResult');
  }
}
