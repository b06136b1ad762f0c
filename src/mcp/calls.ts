import { randomUUID } from 'node:crypto';
import type { CallToolResult, InputRequiredResult, Tool } from '@modelcontextprotocol/server';
import type { Viewer } from '../agents/access.ts';
import type { AgentCatalog, PublishedAgent } from '../agents/catalog.ts';
import type { Caller } from '../auth/caller.ts';
import type { RequestLimits } from '../auth/limits/request-limits.ts';
import type { OpenStream, StreamLimits } from '../auth/limits/stream-limits.ts';
import { HostError, invalidParams, taskNotFound, unsupported } from '../errors.ts';
import type { Sent, TaskService } from '../tasks/service.ts';
import { applyChange, isFinal, isSettled } from '../tasks/state.ts';
import type { Message, Metadata, Part, Task } from '../tasks/task.ts';
import { resultOf, saidIn } from './result.ts';
import { messageIdOf, type Question, type Session } from './session.ts';
import { agentTool, answerParts, CANCEL_TASK, CONTINUE_TASK, HOST_TOOLS, partsOf } from './tools.ts';

/** One call, as its client made it. */
export interface Exchange {
  caller: Caller;
  /** The same call made again has the same one. */
  messageId: string;
  contextId?: string | undefined;
  /** What came beside the arguments, for the workflow. */
  metadata?: Metadata | undefined;
  /** Aborts when the client has gone, or the host stops. */
  signal: AbortSignal;
  /** The client has gone, and by that it takes the call back (MCP 2026-07-28, cancellation). */
  takenBack(): boolean;
  /** Told of the task as it begins and after each change; absent when the client does not listen. */
  progress?: ((task: Task) => Promise<void>) | undefined;
  /** How the client's user is asked; absent when that cannot be done. */
  ask?: ((question: Question, text: string) => Promise<Asked>) | undefined;
  /** What the user answered to the question that an earlier round of this call was answered with. */
  answered?: (Question & { answer: string | undefined }) | undefined;
}

/** What answers the call, for the client to ask and call again; or, once it is asked, what aborts if it is not answered. */
export type Asked = { result: InputRequiredResult } | { unanswered: AbortSignal; close(): void };

export interface ToolCallOptions {
  catalog: Pick<AgentCatalog, 'get' | 'has' | 'offered' | 'publishes'>;
  tasks: TaskService;
  limits: Pick<RequestLimits, 'countAgent'>;
  streams: Pick<StreamLimits, 'open'>;
  /** Why agents are switched off; undefined for those that are not. */
  refusals(): Promise<(code: string) => string | undefined>;
  /** How long a call may take whose client does not listen to its progress. */
  waitMs: number;
}

const PAGE = 100;

type Outcome = CallToolResult | InputRequiredResult;

/** The agents as tools, on TaskService: a call is a task, which outlives it. */
export class ToolCalls {
  readonly #options: ToolCallOptions;

  constructor(options: ToolCallOptions) {
    this.#options = options;
  }

  /** A page of the tools the caller may see, by name; the first one begins with the host's own. */
  list(caller: Viewer, cursor: string | undefined): { tools: Tool[]; nextCursor?: string } {
    const { catalog } = this.#options;
    const rest = catalog
      .offered()
      .filter(
        ({ definition: { code } }) => (cursor === undefined || code > cursor) && catalog.has(code, caller),
      )
      .sort((a, b) => (a.definition.code < b.definition.code ? -1 : 1));
    const page = rest.slice(0, PAGE);
    const tools = [...(cursor === undefined ? HOST_TOOLS : []), ...page.map(agentTool)];
    const last = page.at(-1)?.definition.code;
    return rest.length > PAGE && last !== undefined ? { tools, nextCursor: last } : { tools };
  }

  /** Whether there is such a tool for this caller. */
  has(name: string, caller: Viewer): boolean {
    return name === CONTINUE_TASK || name === CANCEL_TASK || this.#options.catalog.publishes(name, caller);
  }

  /** @throws HostError what TaskService throws; `unsupported_operation` when the agent is switched off. */
  async call(name: string, given: Record<string, unknown>, exchange: Exchange): Promise<Outcome> {
    const { answered } = exchange;
    if (answered !== undefined) return this.#goOn(answered.taskId, answerOf(answered), exchange);
    if (name === CANCEL_TASK) return resultOf(await this.#cancel(idIn(given), exchange));
    if (name === CONTINUE_TASK) {
      const parts = answerParts(given);
      const answer = parts.length === 0 ? undefined : { parts, messageId: exchange.messageId };
      return this.#goOn(idIn(given), answer, exchange);
    }
    return this.#begin(name, given, exchange);
  }

  async #begin(code: string, given: Record<string, unknown>, exchange: Exchange): Promise<Outcome> {
    const agent = await this.#admit(code, exchange.caller);
    const { caller, contextId } = exchange;
    using stream = await this.#stream(agent, exchange);
    const sent = await this.#options.tasks.send({
      owner: caller.id,
      scopes: [...caller.scopes],
      agent: agent.definition,
      message: messageOf(partsOf(agent, given), exchange),
      ...(contextId === undefined ? {} : { contextId }),
    });
    return this.#outcome(sent, agent, { ...exchange, signal: stream.signal });
  }

  async #goOn(taskId: string, answer: Answer | undefined, exchange: Exchange): Promise<Outcome> {
    const { task, agent } = await this.#find(taskId, exchange.caller);
    // Asked again, the user might yet answer; whether is for the client to know.
    if (exchange.answered !== undefined && answer === undefined) return resultOf(task);
    using stream = await this.#stream(agent, exchange);
    const open = { ...exchange, signal: stream.signal };
    if (answer === undefined) {
      return this.#outcome({ task, deferred: false }, agent, { ...open, takenBack: () => false });
    }
    return this.#outcome(await this.#answer(task, agent, { answer, caller: exchange.caller }), agent, open);
  }

  #answer(
    task: Task,
    { definition }: PublishedAgent,
    { answer: { parts, messageId }, caller }: { answer: Answer; caller: Caller },
  ): Promise<Sent> {
    return this.#options.tasks.send({
      owner: caller.id,
      scopes: [...caller.scopes],
      agent: definition,
      message: { messageId, role: 'user', parts },
      taskId: task.id,
    });
  }

  /**
   * Hands on an answer that came with a request of its own. The call that asked hears of it from the task.
   * @throws HostError as a call does.
   */
  async answer(question: Question, answer: string, caller: Caller): Promise<void> {
    const { task, agent } = await this.#find(question.taskId, caller);
    await this.#answer(task, agent, {
      answer: { parts: [{ text: answer }], messageId: answerId(question) },
      caller,
    });
  }

  /** @throws HostError `task_not_found` when the question is of no task of this caller. */
  async checkAsked({ taskId }: Question, caller: Caller): Promise<void> {
    await this.#options.tasks.get({ owner: caller.id, taskId }, 0);
  }

  /** Cancels the task of a call that a session made; nothing when it made none. */
  async takeBack(session: Session, requestId: string | number, caller: Caller): Promise<void> {
    const messageId = messageIdOf(session, requestId);
    const { tasks } = await this.#options.tasks.list({
      owner: caller.id,
      contextId: session.id,
      limit: PAGE,
    });
    const task = tasks.find(({ history }) => history.some((message) => message.messageId === messageId));
    if (task !== undefined && !isFinal(task.status.state)) await this.#stop(task);
  }

  /** Once the task has settled; or as it stands, when that takes too long. */
  async #outcome(sent: Sent, agent: PublishedAgent, exchange: Exchange): Promise<Outcome> {
    let { task } = sent;
    await exchange.progress?.(task);
    if (sent.deferred || agent.definition.longRunning) return resultOf(task);
    for (;;) {
      task = await this.#settled(task, exchange);
      if (exchange.takenBack() && !isFinal(task.status.state)) await this.#stop(task);
      const question = exchange.signal.aborted ? undefined : questionIn(task);
      if (question === undefined || exchange.ask === undefined) return resultOf(task);
      const asked = await exchange.ask(question, saidIn(task));
      if ('result' in asked) return asked.result;
      const moved = await this.#follow(task, exchange, { until: () => true, stop: asked.unanswered });
      asked.close();
      if (moved === task) return resultOf(task);
      task = moved;
    }
  }

  #settled(task: Task, exchange: Exchange): Promise<Task> {
    if (isSettled(task.status.state)) return Promise.resolve(task);
    // Who hears of its progress waits as long as it takes.
    const stop = exchange.progress === undefined ? AbortSignal.timeout(this.#options.waitMs) : undefined;
    return this.#follow(task, exchange, { until: ({ status }) => isSettled(status.state), stop });
  }

  async #follow(
    task: Task,
    { signal, progress }: Exchange,
    { until, stop }: { until(task: Task): boolean; stop: AbortSignal | undefined },
  ): Promise<Task> {
    let current = task;
    const ends = stop === undefined ? signal : AbortSignal.any([signal, stop]);
    for await (const change of this.#options.tasks.watch(task, ends)) {
      current = applyChange(current, change);
      await progress?.(current);
      if (until(current)) break;
    }
    return current;
  }

  async #cancel(taskId: string, { caller, signal }: Exchange): Promise<Task> {
    const { task, agent } = await this.#find(taskId, caller);
    const ends = AbortSignal.any([signal, AbortSignal.timeout(this.#options.waitMs)]);
    const key = { owner: caller.id, agentCode: task.agentCode, taskId: task.id };
    return this.#options.tasks.cancel(key, agent.definition, ends);
  }

  /** Nobody waits for its end. */
  async #stop({ id, owner, agentCode }: Task): Promise<void> {
    const agent = this.#options.catalog.get(agentCode);
    if (agent === undefined) return;
    const key = { owner, agentCode, taskId: id };
    await this.#options.tasks.cancel(key, agent.definition, AbortSignal.abort()).catch((error: unknown) => {
      // It ended by itself meanwhile.
      if (!(error instanceof HostError && error.code === 'task_not_cancelable')) throw error;
    });
  }

  async #find(taskId: string, caller: Caller): Promise<{ task: Task; agent: PublishedAgent }> {
    const task = await this.#options.tasks.get({ owner: caller.id, taskId });
    if (!this.#options.catalog.has(task.agentCode, caller)) throw taskNotFound();
    return { task, agent: await this.#admit(task.agentCode, caller) };
  }

  async #admit(code: string, caller: Caller): Promise<PublishedAgent> {
    const agent = this.#options.catalog.get(code);
    if (agent === undefined) throw taskNotFound();
    const refusal = (await this.#options.refusals())(code);
    if (refusal !== undefined) throw unsupported(refusal);
    await this.#options.limits.countAgent(caller, code);
    return agent;
  }

  /** Who hears of progress has one of the streams that caller and agent may have. */
  async #stream({ definition }: PublishedAgent, exchange: Exchange): Promise<OpenStream> {
    const { caller, progress, signal } = exchange;
    if (progress === undefined) return { signal, [Symbol.dispose]: () => {} };
    return this.#options.streams.open(caller, definition, signal);
  }
}

interface Answer {
  parts: Part[];
  messageId: string;
}

const messageOf = (parts: Part[], { messageId, metadata }: Exchange): Message => ({
  messageId,
  role: 'user',
  parts,
  ...(metadata && { metadata }),
});

/** However often it comes, it is one answer. */
const answerId = ({ messageId }: Question): string => `answer-${messageId}`;

const answerOf = (answered: Question & { answer: string | undefined }): Answer | undefined =>
  answered.answer === undefined
    ? undefined
    : { parts: [{ text: answered.answer }], messageId: answerId(answered) };

/** What the task asks its user; an authorization is nothing to be asked for in a form. */
const questionIn = ({ id, status: { state, message } }: Task): Question | undefined =>
  state === 'input-required' && message !== undefined
    ? { taskId: id, messageId: message.messageId }
    : undefined;

function idIn({ taskId }: Record<string, unknown>): string {
  if (typeof taskId !== 'string') throw invalidParams('taskId', 'is required');
  return taskId;
}

/** The message of a call that nothing names. */
export const anyMessageId = (): string => `mcp-${randomUUID()}`;
