/** What workflow code imports: `workflow-agent-host/workflow`. Runs inside Temporal's sandbox. */
export type { IncomingMessage } from '../mapping/incoming.ts';
export type { AgentCallResult } from '../tasks/contract.ts';
export type { Artifact, Json, Message, Metadata, Part } from '../tasks/task.ts';
export { activities } from './activities.ts';
export { agentWorkflow } from './agent-workflow.ts';
export { type Conversation, conversationWorkflow, type Next } from './conversation-workflow.ts';
export type {
  AgentResult,
  ArtifactContent,
  AskOptions,
  Say,
  TaskCaller,
  TaskContext,
  TurnContext,
} from './task-context.ts';
