/** What the assistant's workflow and its steps say to each other. */
import type { Json, TaskState } from '../tasks/task.ts';
import type { TaskCaller } from '../workflow-kit/task-context.ts';

/** A message of a chat, as the chat-completions API has it. */
export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string | null; tool_calls?: ToolCall[] }
  | { role: 'tool'; tool_call_id: string; content: string };

export interface ToolCall {
  id: string;
  type: 'function';
  /** `arguments` is what the model wrote: JSON, if it did well. */
  function: { name: string; arguments: string };
}

export interface ChatTool {
  type: 'function';
  function: { name: string; description: string; parameters: Record<string, unknown> };
}

/** An agent that the model may call. */
export interface AgentTool {
  tool: ChatTool;
  /** Its review wants a person's approval of each call. */
  approval: boolean;
}

/** How far one task may go. */
export interface AssistantLimits {
  /** Answers of the model. */
  steps: number;
  tokens: number;
  /** Of work; what the user takes to answer does not count. */
  seconds: number;
}

export interface Asking {
  messages: ChatMessage[];
  tools: ChatTool[];
  /** How long a model that cannot be reached is tried again. */
  patienceMs: number;
}

export interface Thought {
  text: string | null;
  calls: ToolCall[];
  /** What it took, as the model counts; 0 when it does not. */
  tokens: number;
}

export interface AgentToolCall {
  /** The message that the called agent gets: the same call made again is the same message. */
  callId: string;
  caller: TaskCaller;
  code: string;
  /** As the tool takes them; of a task that goes on, `answer` and `data`. */
  given: { [name: string]: Json };
  /** The task that goes on. */
  taskId?: string;
}

/** `problem`: nothing was called, or it did not go well; the model is told why. */
export type ToolResult = { taskId: string; state: TaskState; text: string } | { problem: string };

export interface AssistantActivities {
  /** How far the task may go, and the agents that fit its words; when none does, some. */
  beginAssisting(words: string, caller: TaskCaller): Promise<{ limits: AssistantLimits; tools: AgentTool[] }>;
  /** The agents that fit these words and that the caller may see, the best first. */
  findTools(words: string, caller: TaskCaller): Promise<AgentTool[]>;
  askModel(asking: Asking): Promise<Thought>;
  /** Calls an agent as the caller would, and stays with its task until that settles. */
  callTool(call: AgentToolCall): Promise<ToolResult>;
}
