/**
 * What the host and a task's workflow say to each other. Every name here is on the wire between
 * deployments: a running workflow may be older or newer than the host that talks to it.
 */
import type { Artifact, Message, Metadata, Part, TaskState } from './task.ts';

/** The workflow id of a task: our own, never a client's. */
export const workflowIdOf = (taskId: string): string => `${TASK_WORKFLOWS}${taskId}`;

/** The task of a workflow; undefined when the workflow is none of ours. */
export const taskIdOf = (workflowId: string): string | undefined =>
  workflowId.startsWith(TASK_WORKFLOWS) ? workflowId.slice(TASK_WORKFLOWS.length) : undefined;

const TASK_WORKFLOWS = 'agent-task/';

/**
 * Update: the next user message, and what its sender had seen. Its update id is the delivery's, so that a repeated
 * one is applied once.
 */
export const MESSAGE_UPDATE = 'a2a.message';

/** Query: what the workflow knows of the task, for repair and for people; readers use the record. */
export const SNAPSHOT_QUERY = 'a2a.snapshot';

/** The task queue of the host's own work: repair, and projections that outlive an outage. */
export const SYSTEM_TASK_QUEUE = 'agent-host';

/** Where a worker of the host leaves a task's files for its activities: a property of Temporal's activity context. */
export const TASK_FILES = Symbol.for('workflow-agent-host.task-files');

/** The files of the task whose activity it is. */
export interface TaskFiles {
  read(fileId: string): Promise<Uint8Array>;
  save(bytes: Uint8Array, about: { mediaType?: string; filename?: string }): Promise<Part>;
}

/** The task queue of agents that name none. */
export const DEFAULT_TASK_QUEUE = 'agents';

/** The one argument of a task's workflow. */
export interface TaskInput {
  taskId: string;
  contextId: string;
  agentCode: string;
  owner: string;
  /** What the caller was allowed when the task began. */
  scopes?: readonly string[];
  message: Message;
  metadata: Metadata;
  /** The caller waits for the first thing said: it may be a plain message and no task. */
  mayReply?: true;
}

/** What a workflow says of its status. */
export interface ReportedStatus {
  state: TaskState;
  message?: Message;
  /** The message is the whole answer, and there is no task to be seen. */
  reply?: true;
}

/**
 * The last report on record when a follow-up was accepted. A workflow task that was lost after its report is run
 * again, and until then the workflow knows less of itself than its caller does.
 */
export interface Seen {
  runId: string;
  sequence: number;
}

/** What a workflow reports of one change; the database gives it its version and its time. */
export interface Projection {
  taskId: string;
  runId: string;
  /** Counts the reports of one run, from 1: a repeated or overtaken report is recognised by it. */
  sequence: number;
  /**
   * Of how many events of its run the workflow knew. By it a step that was undone after its report, and did more when
   * it was done again, is told from one that was overtaken. Absent in reports that no undone step can have made.
   */
  historyLength?: number;
  status?: ReportedStatus;
  artifacts: Artifact[];
  messages: Message[];
  /** Ids of the follow-up messages the workflow has taken since its last report. */
  applied: string[];
}

/** A call of one agent by another's workflow. `callId` names it within the calling run for ever. */
export interface AgentCall {
  callId: string;
  owner: string;
  /** What whoever the calling agent works for was allowed. */
  scopes?: readonly string[];
  agentCode: string;
  message: Omit<Message, 'messageId' | 'role'>;
  /** Continues the called agent's task that waits for input. */
  taskId?: string;
}

export interface AgentCallResult {
  taskId: string;
  state: TaskState;
  /** The text of the final message, or of the question when `state` is `input-required`. */
  text: string;
  artifacts: Artifact[];
}

/** The host's activities that workflows call by name. */
export interface HostActivities {
  projectChange(projection: Projection): Promise<void>;
  callAgent(call: AgentCall): Promise<AgentCallResult>;
}
