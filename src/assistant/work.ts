import { ApplicationFailure, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import type { Json, TaskState } from '../tasks/task.ts';
import { CALL_TASK_QUEUE } from '../temporal/system-contract.ts';
import { checkSize, MAX_SAID_BYTES } from '../workflow-kit/sizes.ts';
import type { TaskContext } from '../workflow-kit/task-context.ts';
import type {
  AgentTool,
  AssistantActivities,
  AssistantLimits,
  ChatMessage,
  Thought,
  ToolCall,
  ToolResult,
} from './contract.ts';
import {
  ASK_USER,
  approvalText,
  argumentsIn,
  CONTINUE_TASK,
  FIND_AGENTS,
  foundText,
  INSTRUCTIONS,
  isYes,
  OWN_TOOLS,
  wordsOf,
} from './instructions.ts';

const { beginAssisting, findTools } = proxyActivities<AssistantActivities>({
  taskQueue: SYSTEM_TASK_QUEUE,
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
});

// Both wait for others, and a worker's death is noticed by the missing heartbeat. How long they may take is the task's
// own limit.
const { askModel, callTool } = proxyActivities<AssistantActivities>({
  taskQueue: CALL_TASK_QUEUE,
  startToCloseTimeout: '3650 days',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '20 seconds' },
});

/** A model that cannot be reached for so long is not waited for. */
const PATIENCE_MS = 120_000;
const MOST_WORDS = 200_000;
/** What of one answer of the model is done; the rest it may ask for again. */
const MOST_CALLS = 16;

type Arguments = { [name: string]: Json };

/** A task of another agent that this one began. */
type CalledTask = { agent: string; taskId: string; state: TaskState };

/** What is told to the model, and what it has done so far. */
class Work {
  readonly #task: TaskContext;
  readonly #limits: AssistantLimits;
  readonly #messages: ChatMessage[];
  readonly #agents = new Map<string, AgentTool>();
  readonly #called = new Map<string, CalledTask>();
  #steps = 0;
  #toolCalls = 0;
  #callsNow = 0;
  #tokens = 0;
  #workedMs = 0;

  constructor(task: TaskContext, limits: AssistantLimits, words: string) {
    this.#task = task;
    this.#limits = limits;
    this.#messages = [
      { role: 'system', content: INSTRUCTIONS },
      { role: 'user', content: words },
    ];
  }

  add(tools: readonly AgentTool[]): void {
    for (const tool of tools) this.#agents.set(tool.tool.function.name, tool);
  }

  /** One answer of the model. @throws ApplicationFailure when it gives none, or the task has reached a limit. */
  async think(): Promise<Thought> {
    const { steps, tokens } = this.#limits;
    if (this.#steps >= steps) throw over(`There was no answer after ${steps} steps`);
    if (this.#tokens >= tokens) throw over(`There was no answer after ${this.#tokens} tokens`);
    this.#steps += 1;
    this.#task.status(this.#steps === 1 ? 'Thinking' : `Thinking, step ${this.#steps}`);
    checkSize('What the model has to know', this.#messages, MAX_SAID_BYTES);
    const thought = await this.#inTime(() =>
      askModel({
        messages: this.#messages,
        tools: [...OWN_TOOLS, ...[...this.#agents.values()].map(({ tool }) => tool)],
        patienceMs: Math.min(PATIENCE_MS, this.#leftMs()),
      }),
    );
    this.#tokens += thought.tokens;
    this.#callsNow = 0;
    this.#messages.push({
      role: 'assistant',
      content: thought.text,
      ...(thought.calls.length > 0 && { tool_calls: thought.calls }),
    });
    return thought;
  }

  /** Does what the model calls for, and tells it what came of that. */
  async use({ id, function: { name, arguments: written } }: ToolCall): Promise<void> {
    this.#callsNow += 1;
    const given = argumentsIn(written);
    let content: string;
    if (this.#callsNow > MOST_CALLS) content = `Not called: at most ${MOST_CALLS} calls at once.`;
    else if (given === undefined) content = 'Not called: the arguments are no JSON object.';
    else content = await this.#do(name, given);
    this.#messages.push({ role: 'tool', tool_call_id: id, content });
  }

  async #do(name: string, given: Arguments): Promise<string> {
    if (name === ASK_USER) return this.#ask(given.question);
    if (name === FIND_AGENTS) return this.#find(given.query);
    if (name === CONTINUE_TASK) return this.#goOn(given);
    const agent = this.#agents.get(name);
    if (agent === undefined) return `There is no tool ${name}. Look for agents with ${FIND_AGENTS}.`;
    if (agent.approval) {
      const answer = await this.#ask(approvalText(name, given));
      if (!isYes(answer)) return `Not called. The user says: ${answer}`;
    }
    return this.#call(name, given);
  }

  async #ask(question: Json | undefined): Promise<string> {
    if (typeof question !== 'string' || question.trim() === '') return 'question: is required';
    return wordsOf(await this.#task.ask(question));
  }

  async #find(query: Json | undefined): Promise<string> {
    if (typeof query !== 'string') return 'query: is required';
    this.#task.status(`Looking for agents: ${query}`);
    const found = await findTools(query, this.#task.caller);
    this.add(found);
    return foundText(found);
  }

  #goOn({ taskId, ...given }: Arguments): Promise<string> | string {
    const waiting = typeof taskId === 'string' ? this.#called.get(taskId) : undefined;
    if (waiting?.state !== 'input-required') return 'taskId: there is no such task that waits for an answer';
    return this.#call(waiting.agent, given, waiting.taskId);
  }

  /** What an agent asks that needs a person's approval goes to the user: the model does not answer in their place. */
  async #call(code: string, given: Arguments, taskId?: string): Promise<string> {
    this.#task.status(taskId === undefined ? `Calling ${code}` : `Answering ${code}`);
    const result = await this.#inTime(() =>
      callTool({
        callId: `${this.#task.id}-${this.#nextCall()}`,
        caller: this.#task.caller,
        code,
        given,
        ...(taskId !== undefined && { taskId }),
      }),
    );
    if ('problem' in result) return `It did not go well: ${result.problem}`;
    this.#note(code, result);
    if (result.state === 'input-required' && this.#agents.get(code)?.approval) {
      const answer = await this.#ask(result.text);
      return this.#call(code, { answer }, result.taskId);
    }
    return JSON.stringify({ taskId: result.taskId, state: result.state, answer: result.text });
  }

  #nextCall(): number {
    this.#toolCalls += 1;
    return this.#toolCalls;
  }

  #note(agent: string, { taskId, state }: Exclude<ToolResult, { problem: string }>): void {
    this.#called.set(taskId, { agent, taskId, state });
    this.#task.artifact({
      name: 'calls',
      description: 'The tasks of other agents that were begun for this one',
      data: [...this.#called.values()],
    });
  }

  /** @throws ApplicationFailure when the time of the whole task is over; what was under way is canceled. */
  async #inTime<T>(step: () => Promise<T>): Promise<T> {
    const began = Date.now();
    try {
      return await CancellationScope.withTimeout(this.#leftMs(), step);
    } catch (error) {
      if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
      throw over(`It was not done within ${this.#limits.seconds} seconds`);
    } finally {
      this.#workedMs += Date.now() - began;
    }
  }

  #leftMs(): number {
    return Math.max(this.#limits.seconds * 1_000 - this.#workedMs, 1);
  }
}

const over = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, 'AssistantLimit');

/** @throws TaskEnded when there is nothing to be done, or too much to be read. */
export async function beginWork(task: TaskContext): Promise<Work> {
  let words = wordsOf(task.message);
  if (words.trim() === '') words = wordsOf(await task.ask('What is to be done?'));
  if (words.length > MOST_WORDS) task.reject(`That is more than ${MOST_WORDS} characters.`);
  const { limits, tools } = await beginAssisting(words, task.caller);
  const work = new Work(task, limits, words);
  work.add(tools);
  return work;
}
