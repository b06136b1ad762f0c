import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { HostError } from '../errors.ts';
import type { Metadata, Task } from '../tasks/task.ts';
import type { OpenRequests } from '../web/open-requests.ts';
import { internalError } from '../web/request-notes.ts';
import { type Asked, anyMessageId, type Exchange, type ToolCalls } from './calls.ts';
import { failure, saidIn } from './result.ts';
import {
  answerIn,
  asksInForms,
  elicitation,
  isObject,
  messageIdOf,
  type Question,
  requestIdOf,
  sessionIn,
} from './session.ts';

/** In a request's `_meta`: names the message it sends, so that the same request made again is the same task. */
const MESSAGE_ID_META = 'workflow-agent-host.dev/messageId';
/** In the `_meta` of progress. */
const TASK_META = 'workflow-agent-host.dev/task';

const INSTRUCTIONS =
  'Each tool is an agent; a call begins a task of it. Tasks are durable: they go on when a connection is lost, and are found again by continue_task with the taskId.';

export interface ToolServerOptions {
  calls: ToolCalls;
  requests: OpenRequests;
  version: string;
  /** What aborts when the question is declined in a request of its own. */
  waitFor(question: Question): { unanswered: AbortSignal; close(): void };
  log: Logger;
}

/** Answers the MCP requests of one HTTP request. */
export function toolServer(options: ToolServerOptions, caller: Caller, context: McpRequestContext): Server {
  const { calls, version, log } = options;
  const server = new Server(
    { name: 'workflow-agent-host', version },
    { capabilities: { tools: { listChanged: true } }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler('tools/list', ({ params }) => calls.list(caller, params?.cursor));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const { name, arguments: given = {} } = params;
    if (!calls.has(name, caller)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${JSON.stringify(name)}`);
    }
    const ending = options.requests.open();
    try {
      const signal = AbortSignal.any([ctx.mcpReq.signal, ending.signal]);
      return await calls.call(name, given, exchangeOf(options, { server, caller, context, ctx, signal }));
    } catch (error) {
      return told(error, log);
    } finally {
      ending.close();
    }
  });
  return server;
}

interface Calling {
  server: Server;
  caller: Caller;
  context: McpRequestContext;
  ctx: ServerContext;
  signal: AbortSignal;
}

function exchangeOf(options: ToolServerOptions, calling: Calling): Exchange {
  const { caller, context, ctx, signal } = calling;
  const { era, requestInfo } = context;
  const session = era === 'legacy' ? sessionIn(requestInfo?.headers.get('mcp-session-id')) : undefined;
  const named = ctx.mcpReq._meta?.[MESSAGE_ID_META];
  const messageId = session === undefined ? anyMessageId() : messageIdOf(session, ctx.mcpReq.id);
  return {
    caller,
    messageId: typeof named === 'string' ? named : messageId,
    contextId: session?.id,
    metadata: metadataIn(ctx),
    signal,
    takenBack: () => era === 'modern' && ctx.mcpReq.signal.aborted && !options.requests.stopping,
    progress: progressTo(ctx),
    ask: era === 'modern' ? askByResult(ctx) : session?.elicits ? askByRequest(calling, options) : undefined,
    answered: era === 'modern' ? answeredIn(ctx) : undefined,
  };
}

/** What the client says in `_meta` that is not the protocol's, nor the host's. */
function metadataIn({ mcpReq }: ServerContext): Metadata | undefined {
  const { progressToken: _, [MESSAGE_ID_META]: __, ...metadata } = mcpReq._meta ?? {};
  return Object.keys(metadata).length === 0 ? undefined : (metadata as Metadata);
}

function progressTo({ mcpReq }: ServerContext): Exchange['progress'] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return async (task: Task) => {
    const message = saidIn(task) || task.status.state;
    const { id: taskId, contextId } = task;
    const params = {
      progressToken,
      progress: task.version,
      message,
      _meta: { [TASK_META]: { taskId, contextId } },
    };
    // A client that has gone is told nothing, and the task goes on.
    await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}

/** MCP 2026-07-28, multi round-trip requests: the answer comes with the same call, made again. */
function askByResult({ mcpReq }: ServerContext): Exchange['ask'] {
  const capabilities = mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY as never] as unknown;
  if (!isObject(capabilities) || !asksInForms(capabilities.elicitation)) return undefined;
  return async (question, text): Promise<Asked> => {
    const answer = inputRequired.elicit(elicitation(text));
    const result: InputRequiredResult = inputRequired({
      inputRequests: { answer },
      requestState: JSON.stringify(question),
    });
    return { result };
  };
}

/** It names a task and no more: whose that is is looked up. */
function answeredIn({ mcpReq }: ServerContext): Exchange['answered'] {
  const question = parsed(mcpReq.requestState<string>());
  if (!isObject(question)) return undefined;
  const { taskId, messageId } = question;
  if (typeof taskId !== 'string' || typeof messageId !== 'string') return undefined;
  return { taskId, messageId, answer: answerIn(mcpReq.inputResponses?.answer) };
}

function parsed(state: string | undefined): unknown {
  try {
    return state === undefined ? undefined : JSON.parse(state);
  } catch {
    return undefined;
  }
}

/** MCP 2025-11-25 and before: a request to the client, whose answer is a request of its own, to whichever process. */
function askByRequest({ server, ctx }: Calling, { waitFor }: ToolServerOptions): Exchange['ask'] {
  return async (question, text): Promise<Asked> => {
    const id = requestIdOf(question);
    const waiting = waitFor(question);
    await server.transport?.send(
      { jsonrpc: '2.0', id, method: 'elicitation/create', params: elicitation(text) },
      { relatedRequestId: ctx.mcpReq.id },
    );
    return waiting;
  };
}

/** Of arguments that are data the path within the data is what the client knows. */
const IN_ARGUMENTS = /^message\.parts\[\d+\]\.data\./;

function told(error: unknown, log: Logger): CallToolResult {
  if (error instanceof HostError && error.code !== 'config') {
    return failure(error.message.replace(IN_ARGUMENTS, ''));
  }
  return failure(internalError(error, log));
}
