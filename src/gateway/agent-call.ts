import type { AgentTask } from '../calls/outcome.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import type { Json, Message, Task, TaskState } from '../tasks/task.ts';
import type { GatewayAgent } from './agents.ts';

/** One message to an agent. */
export interface AgentCall {
  agent: GatewayAgent;
  /** The id of who calls. */
  caller: string;
  /** What the caller is allowed. */
  scopes: readonly string[];
  message: Message;
  /** The task it continues. */
  taskId?: string | undefined;
  contextId?: string | undefined;
  credential?: string | undefined;
  /** What an agent elsewhere is sent as it is, in place of the message. */
  envelope?: JsonObject | undefined;
  /** Is told of the task of an agent elsewhere as soon as there is one that goes on. */
  begun?(task: AgentTask): Promise<void>;
  /** One message under its id, whatever the agent says of repetitions. */
  once?: boolean | undefined;
}

/** A task of a caller at an agent. */
export interface TaskRef {
  agent: GatewayAgent;
  caller: string;
  taskId: string;
  /** The caller sees everybody's tasks. */
  seesAll?: boolean;
  /** What the agent asks of its callers, if it was given. */
  credential?: string | undefined;
}

/** What an agent said. */
export interface Answer {
  task: AgentTask;
  /** Its JSON-RPC response. */
  raw: Json;
  /** What the agent says of a payment. */
  paymentReceipt?: Json;
}

export interface TaskListQuery {
  agent: GatewayAgent;
  caller: string;
  /** Everybody's tasks, not the caller's alone. */
  seesAll?: boolean;
  contextId?: string | undefined;
  /** Any of them. */
  states?: readonly TaskState[] | undefined;
  credential?: string | undefined;
  limit: number;
  pageToken?: string | undefined;
}

export interface AnswerList {
  tasks: AgentTask[];
  nextPageToken?: string;
  raw: Json;
}

/** Reaches an agent, wherever it runs. What it throws is told to the client as `asGatewayError` has it. */
export interface AgentLink {
  /** Hands the message over; the task as it stands once that is safe. The same message again is no second one. */
  begin(call: AgentCall): Promise<Answer>;
  /** The same, and waits until the task ends or asks, or until `signal` aborts: then as it stands. */
  send(call: AgentCall, signal: AbortSignal): Promise<Answer>;
  /** With this many of its newest messages. `signal` gives it up. */
  get(ref: TaskRef, historyLength: number, signal?: AbortSignal): Promise<Answer>;
  cancel(ref: TaskRef, signal: AbortSignal): Promise<Answer>;
  list(query: TaskListQuery): Promise<AnswerList>;
  /** The task as it stands, then after each change, until it ends or `signal` aborts. */
  subscribe(ref: TaskRef, signal: AbortSignal): AsyncGenerator<Answer, void, undefined>;
}

/** Reaches agents elsewhere. */
export interface RemoteAgentLink extends AgentLink {
  /**
   * The task once it has ended or asks, or as it was seen last when `signal` aborts; undefined when it was not seen. By
   * the agent's own stream where its card offers one.
   */
  settled(ref: TaskRef, signal: AbortSignal): Promise<Answer | undefined>;
}

/** A task as the protocol's answers show it, in the shape of A2A v0.3, whose `status.state` is the state's plain name. */
export type ShowTask = (task: Task, historyLength: number) => Json;
