import { isFinal } from '../tasks/state.ts';
import type { Artifact, Message, Metadata, Task, TaskChange, TaskState } from '../tasks/task.ts';

/** A task with all it holds, as one row of the statements in this folder. */
export interface TaskRow {
  id: string;
  alias: string | null;
  agent_code: string;
  owner: string;
  context_id: string;
  shown: boolean;
  state: TaskState;
  status_message: Message | null;
  status_at: Date;
  version: number;
  /** Another one after each writing of the task or of what it holds. */
  revision: string;
  metadata: Metadata;
  output_modes: string[] | null;
  created_at: Date;
  updated_at: Date;
  history: Message[];
  artifacts: Artifact[];
}

export function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    ...(row.alias === null ? {} : { alias: row.alias }),
    agentCode: row.agent_code,
    contextId: row.context_id,
    owner: row.owner,
    ...(row.shown ? {} : { hidden: true }),
    status: {
      state: row.state,
      ...(row.status_message === null ? {} : { message: row.status_message }),
      ...(!row.shown && isFinal(row.state) ? { reply: true } : {}),
      at: row.status_at.toISOString(),
    },
    version: row.version,
    artifacts: row.artifacts,
    history: row.history,
    metadata: row.metadata,
    ...(row.output_modes === null ? {} : { outputModes: row.output_modes }),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** One row of the change log with what it brought. */
export interface ChangeRow {
  task_id: string;
  version: number;
  state: TaskState | null;
  status_message: Message | null;
  /** The status is a plain reply. */
  reply: boolean;
  at: Date;
  artifacts: Artifact[];
  messages: Message[];
}

export function toChange(row: ChangeRow): TaskChange {
  const at = row.at.toISOString();
  return {
    taskId: row.task_id,
    version: row.version,
    ...(row.state === null
      ? {}
      : {
          status: {
            state: row.state,
            ...(row.status_message === null ? {} : { message: row.status_message }),
            ...(row.reply ? { reply: true } : {}),
            at,
          },
        }),
    at,
    artifacts: row.artifacts,
    messages: row.messages,
  };
}
