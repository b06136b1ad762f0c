/** A task as this facade shows it. Pure. */
import type { Artifact, Message, Metadata, Part, Task, TaskState } from '../tasks/task.ts';
import { fitted } from './output-modes.ts';

export const STATES = {
  submitted: 'SUBMITTED',
  working: 'WORKING',
  'input-required': 'INPUT_REQUIRED',
  'auth-required': 'AUTH_REQUIRED',
  completed: 'COMPLETED',
  failed: 'FAILED',
  canceled: 'CANCELED',
  rejected: 'REJECTED',
} as const satisfies Record<TaskState, string>;

export type InvokeTaskState = (typeof STATES)[TaskState];

/** Exactly one of text, data, url and raw, which is base64. */
export type InvokePart = Omit<Part, 'file'>;

export interface InvokeMessage {
  messageId: string;
  role: 'user' | 'agent';
  parts: InvokePart[];
  metadata?: Metadata;
}

export interface InvokeArtifact {
  artifactId: string;
  name?: string;
  description?: string;
  parts: InvokePart[];
  metadata?: Metadata;
}

export interface InvokeTask {
  id: string;
  agentId: string;
  sessionId: string;
  status: InvokeTaskState;
  artifacts: InvokeArtifact[];
  /** What was said, the oldest first; what the status says comes last. */
  messages: InvokeMessage[];
  createdAt: string;
  updatedAt: string;
}

export interface InvokeView {
  /** How many of the newest messages; all when undefined. */
  historyLength?: number | undefined;
}

/** What the agent gives is shown in the modes that the task's caller has named. */
export function showTask(task: Task, { historyLength }: InvokeView = {}): InvokeTask {
  const { outputModes } = task;
  const messages = messagesOf(task).flatMap((message) => {
    const parts = message.role === 'user' ? message.parts : wordsOf(message.parts, outputModes);
    return parts.length === 0 ? [] : [showMessage(message, parts)];
  });
  const artifacts = task.artifacts.flatMap((artifact) => {
    const parts = fitted(artifact.parts, outputModes);
    return parts.length === 0 && artifact.parts.length > 0 ? [] : [showArtifact(artifact, parts)];
  });
  return {
    id: task.id,
    agentId: task.agentCode,
    sessionId: task.contextId,
    status: STATES[task.status.state],
    artifacts,
    messages: messages.slice(Math.max(0, messages.length - (historyLength ?? messages.length))),
    createdAt: task.createdAt,
    updatedAt: task.updatedAt,
  };
}

/** Questions and last words are in the history; what an agent says of its work is with the status alone. */
function messagesOf({ history, status: { message } }: Task): Message[] {
  const told = message === undefined || history.some(({ messageId }) => messageId === message.messageId);
  return told ? history : [...history, message];
}

/** A question or a reason is told in any case: without it nobody could go on. */
function wordsOf(parts: Part[], modes: readonly string[] | undefined): Part[] {
  const fit = fitted(parts, modes);
  return fit.length > 0 ? fit : parts.filter(({ text }) => text !== undefined);
}

const showMessage = ({ messageId, role, metadata }: Message, parts: Part[]): InvokeMessage => ({
  messageId,
  role,
  parts: parts.map(showPart),
  ...(metadata === undefined ? {} : { metadata }),
});

const showArtifact = (
  { artifactId, name, description, metadata }: Artifact,
  parts: Part[],
): InvokeArtifact => ({
  artifactId,
  ...(name === undefined ? {} : { name }),
  ...(description === undefined ? {} : { description }),
  parts: parts.map(showPart),
  ...(metadata === undefined ? {} : { metadata }),
});

/** A file is shown by its address. */
const showPart = ({ file: _, ...part }: Part): InvokePart => part;
