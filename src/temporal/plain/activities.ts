import { Context } from '@temporalio/activity';
import {
  type Client,
  QueryNotRegisteredError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { AgentDefinition } from '../../agents/definition.ts';
import { messageOf } from '../../errors.ts';
import { incoming } from '../../mapping/incoming.ts';
import { MappingError } from '../../mapping/mapping.ts';
import { questionIn, type WaitsFor } from '../../mapping/plain.ts';
import type { Answer, PlainActivities, PlainResult, Watch } from '../../plain/contract.ts';
import type { Part } from '../../tasks/task.ts';
import { newStepOf } from './steps.ts';

export interface PlainActivityOptions {
  client(): Client;
  agent(code: string): AgentDefinition | undefined;
}

/** What the workflows that stand before plain ones cannot do themselves. */
export const createPlainActivities = ({ client, agent }: PlainActivityOptions): PlainActivities => ({
  watchPlain: (watch) => watchPlain(client(), watch),
  answerPlain: (answer) => answerPlain(client(), answer),
  mapPlainResult: async (given) => mapResult(agent(given.agentCode), given),
});

/**
 * Asks again after each step the workflow makes: between two of them its answer cannot change. Temporal tells of the
 * steps, so nothing polls.
 */
async function watchPlain(client: Client, { workflowId, waitsFor, known }: Watch): Promise<string | null> {
  const { cancellationSignal, cancelled } = Context.current();
  const step = newStepOf(client, workflowId, cancellationSignal);
  for (;;) {
    const next = await step().catch(async (error: unknown) => {
      if (cancellationSignal.aborted) await cancelled;
      throw error;
    });
    if (next === 'ended') return null;
    const question = await ask(client.workflow.getHandle(workflowId), waitsFor);
    if (question !== known) return question;
  }
}

async function ask(handle: WorkflowHandle, waitsFor: WaitsFor): Promise<string | null> {
  const { query } = waitsFor;
  try {
    return questionIn(waitsFor, await handle.query(query)) ?? null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    if (error instanceof QueryNotRegisteredError) {
      throw ApplicationFailure.nonRetryable(`The workflow has no query ${query}`, 'NoQuery');
    }
    if (error instanceof MappingError) {
      throw ApplicationFailure.nonRetryable(`What the query ${query} answers: ${error.message}`, 'BadAnswer');
    }
    throw error;
  }
}

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

async function mapResult(agent: AgentDefinition | undefined, { agentCode, message, result }: PlainResult) {
  const map = agent?.plain?.result;
  if (typeof map !== 'function') {
    throw new Error(`agent ${agentCode} has no function for its results on this worker`);
  }
  try {
    return map(result, incoming(message)) as string | readonly Part[];
  } catch (error) {
    const problem = `The workflow’s result cannot be shown: ${messageOf(error)}`;
    throw ApplicationFailure.nonRetryable(problem, 'BadResult');
  }
}
