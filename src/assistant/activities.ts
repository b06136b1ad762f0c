import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Viewer } from '../agents/access.ts';
import type { AgentCatalog, PublishedAgent } from '../agents/catalog.ts';
import { reviewProfile } from '../agents/review.ts';
import type { AgentRegistry } from '../agents/search.ts';
import { HostError } from '../errors.ts';
import { agentTool, answerParts, partsOf } from '../mcp/tools.ts';
import type { AgentCallResult, HostActivities } from '../tasks/contract.ts';
import type { Part } from '../tasks/task.ts';
import type { TaskCaller } from '../workflow-kit/task-context.ts';
import type {
  AgentTool,
  AgentToolCall,
  Asking,
  AssistantActivities,
  AssistantLimits,
  Thought,
  ToolResult,
} from './contract.ts';
import { ASSISTANT_CODE } from './definition.ts';
import { type AskModel, ModelError } from './model.ts';

export interface AssistantParts {
  /** Undefined when this process has none. */
  model: AskModel | undefined;
  limits: AssistantLimits;
  registry: Pick<AgentRegistry, 'search'>;
  catalog: Pick<AgentCatalog, 'get' | 'has'>;
  /** Why agents are switched off; undefined for those that are not. */
  refusals(): Promise<(code: string) => string | undefined>;
  callAgent: HostActivities['callAgent'];
}

/** More agents than that at once only confuse a model. */
const MOST_FOUND = 8;
/** What a model is told of one answer, in characters. */
const MOST_TOLD = 20_000;
/** So often an answer that cannot be understood is asked for again. */
const MOST_MUDDLED = 3;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;

/**
 * What the assistant does outside of its workflow. All of it is done as the task's caller: it finds what they would
 * find, and calls what they could call, as them.
 */
export const createAssistantActivities = (parts: AssistantParts): AssistantActivities => ({
  beginAssisting: async (words, caller) => {
    const fitting = await findTools(parts, words, caller);
    // Wishes are not always in the words of cards: a model is shown what there is.
    const tools = fitting.length > 0 ? fitting : await findTools(parts, '', caller);
    return { limits: parts.limits, tools };
  },
  findTools: (words, caller) => findTools(parts, words, caller),
  askModel: (asking) => askModel(parts.model, asking),
  callTool: (call) => callTool(parts, call),
});

async function findTools(
  { registry, catalog }: AssistantParts,
  query: string,
  caller: TaskCaller,
): Promise<AgentTool[]> {
  const found = await registry.search({ query, skip: 0, top: MOST_FOUND + 1, viewer: viewerOf(caller) });
  return found.agents
    .filter(({ code }) => code !== ASSISTANT_CODE && catalog.has(code, viewerOf(caller)))
    .slice(0, MOST_FOUND)
    .flatMap(({ code }) => {
      const agent = catalog.get(code);
      return agent === undefined ? [] : toolOf(agent);
    });
}

function toolOf(agent: PublishedAgent): AgentTool {
  const { name, description = '', inputSchema } = agentTool(agent);
  const { riskLevel, humanApprovalRequired } = reviewProfile(agent.definition.review);
  return {
    tool: { type: 'function', function: { name, description, parameters: { ...inputSchema } } },
    approval: humanApprovalRequired || riskLevel === 'high',
  };
}

async function askModel(model: AskModel | undefined, { patienceMs, ...asked }: Asking): Promise<Thought> {
  if (model === undefined) throw ApplicationFailure.nonRetryable('No model is set on this worker', 'NoModel');
  const { cancellationSignal, info } = Context.current();
  try {
    return await model(asked, cancellationSignal);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const { message, passing, muddled, retryAfterMs } = error;
    const waitMs = retryAfterMs ?? Math.min(FIRST_WAIT_MS * 2 ** (info.attempt - 1), LONGEST_WAIT_MS);
    const over = Date.now() - info.scheduledTimestampMs + waitMs >= patienceMs;
    throw ApplicationFailure.create({
      message,
      type: 'ModelError',
      nonRetryable: !passing || over || (muddled && info.attempt >= MOST_MUDDLED),
      nextRetryDelay: waitMs,
    });
  }
}

/** Looked at again with each call: what was found a while ago may be there no longer, or not for this caller. */
async function callTool(parts: AssistantParts, call: AgentToolCall): Promise<ToolResult> {
  const { catalog, refusals, callAgent } = parts;
  const { code, caller, callId, taskId } = call;
  const agent = catalog.has(code, viewerOf(caller)) ? catalog.get(code) : undefined;
  if (agent === undefined) return { problem: `There is no agent ${code}` };
  const refusal = (await refusals())(code);
  if (refusal !== undefined) return { problem: refusal };
  try {
    const result = await callAgent({
      callId,
      owner: caller.id,
      scopes: caller.scopes,
      agentCode: code,
      message: { parts: saidTo(agent, call) },
      ...(taskId !== undefined && { taskId }),
    });
    return { taskId: result.taskId, state: result.state, text: told(result) };
  } catch (error) {
    // What the other side refuses, or how it failed, is for the model to make something of.
    const refused = error instanceof HostError && error.code !== 'unavailable';
    const failed = error instanceof ApplicationFailure && error.nonRetryable === true;
    if (refused || failed) return { problem: error.message.slice(0, MOST_TOLD) };
    throw error;
  }
}

const saidTo = (agent: PublishedAgent, { given, taskId }: AgentToolCall): Part[] =>
  taskId === undefined ? partsOf(agent, given) : answerParts(given);

/** What an agent answered, in words: what it says, and the words and data of its artifacts. */
function told({ text, artifacts }: AgentCallResult): string {
  const made = artifacts.flatMap(({ name, artifactId, parts }) => [
    `${name ?? artifactId}:`,
    ...parts.map((part) => part.text ?? (part.data === undefined ? fileIn(part) : JSON.stringify(part.data))),
  ]);
  const all = [text, ...made].filter(Boolean).join('\n');
  return all.length <= MOST_TOLD ? all : `${all.slice(0, MOST_TOLD)}… (${all.length} characters in all)`;
}

const fileIn = ({ filename, mediaType, url }: Part): string =>
  `a file ${[filename, mediaType, url].filter(Boolean).join(', ')}`;

const viewerOf = ({ id, scopes }: TaskCaller): Viewer => ({ id, scopes: new Set(scopes) });
