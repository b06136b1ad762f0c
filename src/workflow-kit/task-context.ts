import type { Duration } from '@temporalio/common';
import type { IncomingMessage } from '../mapping/incoming.ts';
import type { AgentCallResult } from '../tasks/contract.ts';
import type { Json, Message, Metadata, Part } from '../tasks/task.ts';

/** What an agent says: plain text, or text with structured data beside it. */
export type Say = string | { text?: string; data?: Json; metadata?: Metadata };

export interface AskOptions {
  /** Give up waiting after this long; `ask` then returns undefined. */
  timeout?: Duration;
  /** Wait for an authorization (`auth-required`) instead of an answer (`input-required`). */
  auth?: boolean;
}

export interface ArtifactContent {
  /** Writing again under the same id replaces the artifact. Its name, when absent. */
  id?: string;
  name: string;
  description?: string;
  text?: string;
  data?: Json;
  parts?: Part[];
  /** Media type of `text` or `data`, when it is not text/plain or application/json. */
  mediaType?: string;
  metadata?: Metadata;
}

/** A string becomes the final message, any other value an artifact named `result`. */
// biome-ignore lint/suspicious/noConfusingVoidType: an author's body may end without a return
export type AgentResult = string | Json | void;

/** Whom a task is for. */
export interface TaskCaller {
  /** As the host knows it: `key:NAME` of an API key, `ISSUER#SUBJECT` of an access token, or `local`. */
  readonly id: string;
  /** What its credential allowed when the task began. */
  readonly scopes: readonly string[];
}

/** What an author may do with the task at any time. What is above the limits of `sizes.ts` throws, with its size. */
export interface TurnContext {
  readonly id: string;
  readonly contextId: string;
  /** When another agent calls, whom that one works for. */
  readonly caller: TaskCaller;
  /**
   * What was said so far, oldest first: user messages, questions. In a conversation the newest 100 messages, as
   * far as they fit into 250 kB; the record holds all.
   */
  readonly history: readonly Message[];
  /** Shows progress. Changes of one step are written together; only the last status is seen. */
  status(say: Say): void;
  /** Adds an artifact, or replaces the one with the same id. */
  artifact(content: ArtifactContent): void;
  /** Ends the task as `rejected`. */
  reject(reason: string): never;
  /**
   * Answers with a plain message and no task, where the agent has `mayReply`, the caller takes it and nothing else was
   * said before. Everywhere else it completes the task with that message.
   */
  reply(say: Say): never;
  /**
   * Calls another agent of this host and waits until its task settles. A crash resumes the same call.
   * @throws ApplicationFailure when the called task fails, is canceled or rejected.
   */
  call(
    agentCode: string,
    message: Say | { parts: Part[]; metadata?: Metadata },
    options?: { taskId?: string },
  ): Promise<AgentCallResult>;
}

/** The task as the author of a plain body sees it. */
export interface TaskContext extends TurnContext {
  /** The message that began the task. */
  readonly message: IncomingMessage;
  /** Asks the caller and waits for the next message, for ever unless a timeout is given. */
  ask(question: Say): Promise<IncomingMessage>;
  ask(question: Say, options: AskOptions & { timeout: Duration }): Promise<IncomingMessage | undefined>;
  ask(question: Say, options: AskOptions): Promise<IncomingMessage>;
}
