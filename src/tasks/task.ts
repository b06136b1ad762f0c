/** The task model. Plain values: they cross the database, Temporal and every surface unchanged. */

export const TASK_STATES = [
  'submitted',
  'working',
  'input-required',
  'auth-required',
  'completed',
  'failed',
  'canceled',
  'rejected',
] as const;

export type TaskState = (typeof TASK_STATES)[number];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Metadata = { [key: string]: Json };

/** Bytes that the record keeps. Only the host makes one; what a client says never becomes one. */
export interface FileRef {
  id: string;
  /** In bytes. */
  size: number;
}

/**
 * A2A v1.0 §4.1.6: exactly one of text, data, url, raw; `raw` is base64. Above 64 KB it is a `file` instead, which
 * clients are shown as a `url`.
 */
export interface Part {
  text?: string;
  data?: Json;
  url?: string;
  raw?: string;
  file?: FileRef;
  filename?: string;
  mediaType?: string;
  metadata?: Metadata;
}

/** A2A v1.0 §4.1.4. */
export interface Message {
  messageId: string;
  role: 'user' | 'agent';
  parts: Part[];
  metadata?: Metadata;
  extensions?: string[];
  referenceTaskIds?: string[];
}

/** A2A v1.0 §4.1.7. */
export interface Artifact {
  artifactId: string;
  name?: string;
  description?: string;
  parts: Part[];
  metadata?: Metadata;
  extensions?: string[];
}

export interface TaskStatus {
  state: TaskState;
  message?: Message;
  /** The message is the whole answer: its caller is given it in place of a task. */
  reply?: true;
  /** When the database recorded it, ISO 8601. */
  at: string;
}

export interface Task {
  id: string;
  /** The id an older client chose for it (`tasks/send`), shown in place of `id`. */
  alias?: string;
  agentCode: string;
  contextId: string;
  /** The caller it belongs to. */
  owner: string;
  /** No task to its caller: it may yet be answered with a plain message, or was. */
  hidden?: true;
  status: TaskStatus;
  /** Numbered by the database: 0 when accepted, then one more with every recorded change. */
  version: number;
  artifacts: Artifact[];
  history: Message[];
  metadata: Metadata;
  /** The media types that its caller named last as those it takes: what the invoke facade shows of it. */
  outputModes?: readonly string[];
  createdAt: string;
  updatedAt: string;
}

/** One row of the change log: what one recorded change said. */
export interface TaskChange {
  taskId: string;
  version: number;
  /** Absent when only artifacts or messages came. */
  status?: TaskStatus;
  at: string;
  artifacts: Artifact[];
  messages: Message[];
}
