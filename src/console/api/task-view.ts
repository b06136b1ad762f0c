/** A task as the console shows it, in the JSON of A2A v1.0, and what its stream's events make of it. Pure. */

export interface Part {
  text?: string;
  data?: unknown;
  url?: string;
  /** Base64. */
  raw?: string;
  mediaType?: string;
  filename?: string;
}

export interface MessageView {
  messageId: string;
  role: 'ROLE_USER' | 'ROLE_AGENT';
  parts?: Part[];
}

export interface ArtifactView {
  artifactId: string;
  name?: string;
  description?: string;
  parts?: Part[];
}

interface TaskStatusView {
  state: string;
  message?: MessageView;
  timestamp?: string;
}

export interface TaskView {
  id: string;
  contextId: string;
  status: TaskStatusView;
  artifacts?: ArtifactView[];
  history?: MessageView[];
}

interface StreamEvent {
  task?: TaskView;
  statusUpdate?: { status?: TaskStatusView };
  artifactUpdate?: { artifact?: ArtifactView; append?: boolean };
}

/** The task after an event of its stream (A2A v1.0 §4.2); undefined before the first one that holds it whole. */
export function applied(task: TaskView | undefined, event: StreamEvent): TaskView | undefined {
  if (event.task !== undefined) return event.task;
  if (task === undefined) return undefined;
  const { statusUpdate, artifactUpdate } = event;
  if (statusUpdate?.status !== undefined) return { ...task, status: statusUpdate.status };
  if (artifactUpdate?.artifact !== undefined) {
    return {
      ...task,
      artifacts: withArtifact(task.artifacts ?? [], artifactUpdate.artifact, artifactUpdate.append),
    };
  }
  return task;
}

function withArtifact(artifacts: ArtifactView[], artifact: ArtifactView, append = false): ArtifactView[] {
  const at = artifacts.findIndex(({ artifactId }) => artifactId === artifact.artifactId);
  const before = artifacts[at];
  if (before === undefined) return [...artifacts, artifact];
  const now = append ? { ...before, parts: [...(before.parts ?? []), ...(artifact.parts ?? [])] } : artifact;
  return artifacts.with(at, now);
}

/** `input-required` of `TASK_STATE_INPUT_REQUIRED`. */
export const stateOf = ({ status }: Pick<TaskView, 'status'>): string =>
  status.state
    .replace(/^TASK_STATE_/, '')
    .toLowerCase()
    .replaceAll('_', '-');

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled', 'rejected']);

export const isEnded = (task: Pick<TaskView, 'status'>): boolean => ENDED.has(stateOf(task));

export const isWaiting = (task: Pick<TaskView, 'status'>): boolean =>
  ['input-required', 'auth-required'].includes(stateOf(task));

/** All that was said, in order: the last word of the agent may not be in the history yet. */
export function conversationOf({ history = [], status }: TaskView): MessageView[] {
  const { message } = status;
  if (message === undefined || history.some(({ messageId }) => messageId === message.messageId)) {
    return history;
  }
  return [...history, message];
}
