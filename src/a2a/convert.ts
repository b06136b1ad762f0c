/** Between the task model and the SDK's messages of A2A v1.0. Pure. */
import {
  Role,
  type StreamResponse,
  type Artifact as WireArtifact,
  type Message as WireMessage,
  type Part as WirePart,
  TaskState as WireState,
  type TaskStatus as WireStatus,
  type Task as WireTask,
} from '@a2a-js/sdk';
import { invalidParams } from '../errors.ts';
import type {
  Artifact,
  Json,
  Message,
  Metadata,
  Part,
  Task,
  TaskChange,
  TaskState,
  TaskStatus,
} from '../tasks/task.ts';

const WIRE_STATES: Record<TaskState, WireState> = {
  submitted: WireState.TASK_STATE_SUBMITTED,
  working: WireState.TASK_STATE_WORKING,
  'input-required': WireState.TASK_STATE_INPUT_REQUIRED,
  'auth-required': WireState.TASK_STATE_AUTH_REQUIRED,
  completed: WireState.TASK_STATE_COMPLETED,
  failed: WireState.TASK_STATE_FAILED,
  canceled: WireState.TASK_STATE_CANCELED,
  rejected: WireState.TASK_STATE_REJECTED,
};

const STATES = new Map(Object.entries(WIRE_STATES).map(([state, wire]) => [wire, state as TaskState]));

/** The state as v1.0 names it; unspecified when there is none. */
export const stateToWire = (state: TaskState | undefined): WireState =>
  state === undefined ? WireState.TASK_STATE_UNSPECIFIED : WIRE_STATES[state];

/** The state a client names; undefined when it names none. */
export const stateFromWire = (wire: WireState): TaskState | undefined => STATES.get(wire);

/** @throws HostError `invalid_params` naming the field. */
export function messageFromWire(wire: WireMessage | undefined): Message {
  if (wire === undefined) throw invalidParams('message', 'is required');
  if (wire.role !== Role.ROLE_USER) throw invalidParams('message.role', 'must be the user’s');
  return {
    messageId: wire.messageId,
    role: 'user',
    parts: wire.parts.map(partFromWire),
    ...(wire.metadata === undefined ? {} : { metadata: wire.metadata as Metadata }),
    ...(wire.extensions.length === 0 ? {} : { extensions: wire.extensions }),
    ...(wire.referenceTaskIds.length === 0 ? {} : { referenceTaskIds: wire.referenceTaskIds }),
  };
}

function partFromWire({ content, metadata, filename, mediaType }: WirePart): Part {
  const part: Part = {};
  if (content?.$case === 'text') part.text = content.value;
  if (content?.$case === 'data') part.data = content.value as Json;
  if (content?.$case === 'url') part.url = content.value;
  if (content?.$case === 'raw') part.raw = Buffer.from(content.value).toString('base64');
  if (filename) part.filename = filename;
  if (mediaType) part.mediaType = mediaType;
  if (metadata !== undefined) part.metadata = metadata as Metadata;
  return part;
}

/** A part whose bytes are elsewhere is shown by its address (§4.1.6). */
function partToWire(part: Part): WirePart {
  const base = { filename: part.filename ?? '', mediaType: part.mediaType ?? '', metadata: part.metadata };
  if (part.text !== undefined) return { ...base, content: { $case: 'text', value: part.text } };
  if (part.url !== undefined) return { ...base, content: { $case: 'url', value: part.url } };
  if (part.raw !== undefined) {
    return { ...base, content: { $case: 'raw', value: Buffer.from(part.raw, 'base64') } };
  }
  return { ...base, content: { $case: 'data', value: part.data } };
}

/** What is shown as the task's id: the one its client chose, when it chose one. */
export const shownId = (task: Task): string => task.alias ?? task.id;

function messageToWire(message: Message, task: Task): WireMessage {
  return {
    messageId: message.messageId,
    contextId: task.contextId,
    taskId: shownId(task),
    role: message.role === 'user' ? Role.ROLE_USER : Role.ROLE_AGENT,
    parts: message.parts.map(partToWire),
    metadata: message.metadata,
    extensions: message.extensions ?? [],
    referenceTaskIds: message.referenceTaskIds ?? [],
  };
}

const artifactToWire = (artifact: Artifact): WireArtifact => ({
  artifactId: artifact.artifactId,
  name: artifact.name ?? '',
  description: artifact.description ?? '',
  parts: artifact.parts.map(partToWire),
  metadata: artifact.metadata,
  extensions: artifact.extensions ?? [],
});

const statusToWire = (status: TaskStatus, task: Task): WireStatus => ({
  state: stateToWire(status.state),
  message: status.message === undefined ? undefined : messageToWire(status.message, task),
  timestamp: status.at,
});

export interface TaskView {
  /** How many of the newest messages to show; all when undefined, none when 0. */
  historyLength?: number | undefined;
  /** False leaves the artifacts out. */
  artifacts?: boolean;
}

export function taskToWire(task: Task, { historyLength, artifacts = true }: TaskView = {}): WireTask {
  const { length } = task.history;
  // A negative start would count from the end: asked for more than there is, it shows all there is.
  const history = task.history.slice(Math.max(0, length - (historyLength ?? length)));
  return {
    id: shownId(task),
    contextId: task.contextId,
    status: statusToWire(task.status, task),
    artifacts: artifacts ? task.artifacts.map(artifactToWire) : [],
    history: history.map((message) => messageToWire(message, task)),
    metadata: Object.keys(task.metadata).length === 0 ? undefined : task.metadata,
  };
}

/** The stream events of one recorded change: its artifacts, each whole, then its status (A2A v1.0 §3.1.2); or a reply. */
export function eventsOf(change: TaskChange, task: Task): StreamResponse[] {
  if (change.status?.reply && change.status.message) return [replyEvent(change.status.message, task)];
  const ids = { taskId: shownId(task), contextId: task.contextId, metadata: undefined };
  const events: StreamResponse[] = change.artifacts.map((artifact) => ({
    payload: {
      $case: 'artifactUpdate',
      value: { ...ids, artifact: artifactToWire(artifact), append: false, lastChunk: true },
    },
  }));
  if (change.status !== undefined) {
    events.push({
      payload: { $case: 'statusUpdate', value: { ...ids, status: statusToWire(change.status, task) } },
    });
  }
  return events;
}

/** A plain message in place of a task: it is of a context and of no task (A2A v1.0 §3.1.1). */
export const replyToWire = (reply: Message, task: Task): WireMessage => ({
  ...messageToWire(reply, task),
  taskId: '',
});

const replyEvent = (reply: Message, task: Task): StreamResponse => ({
  payload: { $case: 'message', value: replyToWire(reply, task) },
});

export const taskEvent = (task: Task, view: TaskView): StreamResponse => ({
  payload: { $case: 'task', value: taskToWire(task, view) },
});
