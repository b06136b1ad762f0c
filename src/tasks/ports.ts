import type { AttributeTypes } from '../mapping/search-attributes.ts';
import type { Projection, ReportedStatus, Seen, TaskInput } from './contract.ts';
import type { Message, Metadata, Task, TaskChange, TaskState } from './task.ts';

/** Runs tasks. Each method may be repeated: what was done already is not done again. */
export interface TaskEngine {
  /**
   * To be asked before a new task is taken.
   * @throws HostError `unavailable` when it would only wait behind many others that have waited for long.
   */
  checkRoom(): void;
  /**
   * Starts the task's workflow, or finds it started.
   * @throws HostError `unavailable` when the engine does not answer within its deadline; the start may
   * still have happened.
   */
  start(workflow: WorkflowRef, input: TaskInput): Promise<void>;
  /**
   * Hands a follow-up message to the task's workflow; resolves once it is applied or refused. The same
   * delivery is applied once, however often it is made.
   * @throws HostError `unavailable` as above; the message may still be applied later.
   */
  deliver(delivery: MessageDelivery): Promise<DeliveryResult>;
  /** Asks the task's workflow to cancel; resolves once the request is recorded. */
  cancel(taskId: string): Promise<'requested' | 'ended'>;
  /**
   * The search attributes that workflows may set; undefined when the engine does not tell. Never throws.
   * @param names of those that are needed: one that is not known yet may have been registered since.
   */
  searchAttributes(names: readonly string[]): Promise<AttributeTypes | undefined>;
}

export interface WorkflowRef {
  workflowType: string;
  taskQueue: string;
  /** What it is given after the task's input. */
  args?: unknown[];
}

/** A follow-up on its way to its workflow; `deliveryId` stays the same for each attempt. */
export interface MessageDelivery {
  taskId: string;
  deliveryId: string;
  message: Message;
  /** Absent when no workflow has reported yet. */
  seen?: Seen;
}

/** A follow-up of which nobody knows whether the engine has it for good, and for how long. */
export interface PendingDelivery extends MessageDelivery {
  waitingMs: number;
  /** No report has acknowledged it either. */
  pending: boolean;
}

/** `ended`: refused because the workflow takes none any more. */
export type DeliveryResult =
  | { outcome: 'accepted' }
  | { outcome: 'refused'; reason: string; ended?: boolean };

export interface TaskKey {
  owner: string;
  /** The id names the task whoever's it is: for an admin, who may see all. */
  anyOwner?: boolean;
  /** Any agent's when absent; the task is then named by its id alone. */
  agentCode?: string;
  /** The task's id or its alias. */
  taskId: string;
}

/** What is set on a task together with a message, or not at all. */
export interface WithMessage {
  pushConfig?: NewPushConfig | undefined;
  /** The media types that its caller takes, from now on; as they are when absent. */
  outputModes?: readonly string[] | undefined;
}

export interface NewTask extends WithMessage {
  id: string;
  alias?: string;
  agentCode: string;
  owner: string;
  /** What its caller is allowed, for the workflow to know. */
  scopes?: readonly string[];
  contextId: string;
  message: Message;
  metadata: Metadata;
  /** Digest of the message's content; null lets the same message id begin another task. */
  digest: string | null;
  /** No client sees it until it has said something that is no plain reply. */
  hidden?: boolean;
  limits?: OpenTaskLimits;
}

/** How many tasks that have not ended there may be; no limit where undefined. */
export interface OpenTaskLimits {
  perCaller?: number | undefined;
  perAgent?: number | undefined;
}

/** What a webhook's bodies are written in: a version of A2A, or as the invoke facade shows tasks. */
export type PushShape = '1.0' | '0.3' | 'invoke';

/** A webhook that is to hear of a task's changes, as the record keeps it. */
export interface NewPushConfig {
  /** Names this setting of it, for ever. */
  key: string;
  /** The id its client knows it by; the task's own when absent. */
  id?: string;
  url: string;
  /** Sealed. */
  secrets: string | null;
  shape: PushShape;
}

/** `repeated`: this message id from this caller to this agent is known; `task` is the task it went to. */
export type Accepted =
  | { outcome: 'created'; task: Task }
  | { outcome: 'repeated'; task: Task; digest: string }
  /** Another task of this caller and agent has the alias. */
  | { outcome: 'alias-taken' }
  /** The caller, or the agent, has as many open tasks as it may have. */
  | { outcome: 'too-many'; whose: 'caller' | 'agent' };

/** Where a user's message went. */
export interface SentMessage {
  taskId: string;
  /** It began the task, and is no follow-up. */
  began: boolean;
}

export type Appended =
  | { outcome: 'appended'; deliveryId: string; seen?: Seen }
  | { outcome: 'repeated'; taskId: string; digest: string; deliveryId: string; pending: boolean; seen?: Seen }
  /** The task does not wait for a message, or another one is on its way to it. */
  | { outcome: 'not-waiting' };

/** What starts a task that was accepted and never began. */
export type PendingStart = TaskInput;

export interface TaskQuery {
  owner: string;
  /** Everybody's: for an admin, who may see all. */
  anyOwner?: boolean;
  agentCode?: string;
  contextId?: string;
  /** One, or any of several. */
  state?: TaskState | readonly TaskState[];
  /** Only tasks whose status changed at or after this moment, ISO 8601. */
  updatedAfter?: string;
  /** How many of each task's newest messages are needed; all when undefined. */
  history?: number;
  limit: number;
  cursor?: TaskCursor;
}

/** Where a page of a list ended: newest status first, then by id. */
export interface TaskCursor {
  statusAt: string;
  id: string;
}

export interface TaskPage {
  tasks: Task[];
  /** How many tasks the whole list holds. */
  total: number;
  /** Present when more follow. */
  next?: TaskCursor;
}

/** Whether the task has webhooks that are to hear of the change, and calls that wait for its end. */
export interface Recorded {
  pushes: boolean;
  calls: boolean;
}

/** The record of what tasks said so far. Every method is one statement or one transaction. */
export interface TaskStore {
  /** Inserts a task, the message that begins it, and the webhook that is to hear of it. */
  accept(task: NewTask): Promise<Accepted>;
  /** The message with this id from this caller to this agent, while it counts as the same when it comes again. */
  sent(from: { owner: string; agentCode: string }, messageId: string): Promise<SentMessage | undefined>;
  /**
   * Inserts a task that ended as it began: rejected, for this reason, and never handed to its agent. One that is there
   * already stays as it is.
   */
  reject(task: NewTask, reason: Message): Promise<Task>;
  /** Inserts a follow-up. The workflow's report acknowledges it; a refused one is to be discarded. */
  append(task: Task, message: Message, digest: string | null, set?: WithMessage): Promise<Appended>;
  /** Notes that the workflow has taken a follow-up, where its report did not say so, and that the engine has it. */
  acknowledge(taskId: string, messageId: string): Promise<void>;
  /**
   * Notes that the engine has a follow-up for good. Until then its workflow's report is no more than a promise: the
   * step that reported is undone when its worker and the engine die before they have kept it, and the message with it.
   */
  confirm(taskId: string, messageId: string): Promise<void>;
  /** Forgets a follow-up that the workflow refused. */
  discard(taskId: string, messageId: string): Promise<void>;
  /**
   * The whole task, or undefined: never existed, another agent's or caller's, hidden.
   * @param history how many of its newest messages are needed at least; all when undefined.
   */
  find(key: TaskKey, history?: number): Promise<Task | undefined>;
  /** Hidden tasks are in no list. */
  list(query: TaskQuery): Promise<TaskPage>;
  /**
   * Records one change; one that is repeated, overtaken, or comes after the end changes nothing.
   * @returns who is to hear of it.
   */
  project(projection: Projection): Promise<Recorded>;
  /** Tasks accepted longer ago than `olderThanMs` of which nothing was heard, oldest first. */
  unstarted(olderThanMs: number, limit: number): Promise<PendingStart[]>;
  /** Follow-ups inserted longer ago than `olderThanMs` and neither acknowledged nor confirmed, oldest first. */
  unconfirmed(olderThanMs: number, limit: number): Promise<PendingDelivery[]>;
}

/** Tells of changes as the database records them. */
export interface TaskFeed {
  /**
   * The changes of a task after `version`, in order, none left out, until `signal` aborts.
   * Interest is registered before the promise resolves, so that a task read afterwards misses nothing.
   * @throws HostError `unavailable` in the iteration when the reader is too slow and was cut.
   */
  subscribe(taskId: string, signal: AbortSignal): Promise<Subscription>;
}

export interface Subscription {
  /** Starts after `version`; to be called once. */
  after(version: number): AsyncIterable<TaskChange>;
}

/** How a task's workflow ended, told by the engine and not by the workflow itself. */
export interface TaskEnd {
  state: Extract<TaskState, 'completed' | 'failed' | 'canceled' | 'rejected'>;
  text: string;
  /** The text is the whole answer, and there is no task to be seen. */
  reply?: true;
}

/** What the engine knows of tasks beside what their workflows report; for repair alone. */
export interface TaskInspector {
  /** The tasks whose workflow ended in a stretch of time, and up to when that stretch reaches. */
  endedSince(since: Date): Promise<{ taskIds: string[]; through: Date }>;
  /** How the task's workflow ended; undefined while it runs. */
  endOf(taskId: string): Promise<TaskEnd | undefined>;
  /** The tasks whose workflow cannot go on, and why. */
  stuck(): Promise<{ taskId: string; problem: string }[]>;
  /** Those of these tasks that the engine knows nothing of. */
  unknown(taskIds: string[]): Promise<string[]>;
  /** Why the task's workflow cannot be brought to say anything; undefined when it can. */
  problemOf(taskId: string): Promise<string | undefined>;
  /** The status as the workflow itself sees it; undefined when it cannot say. */
  statusOf(taskId: string): Promise<ReportedStatus | undefined>;
}

/** Why an open task cannot go on. */
export interface NotedProblem {
  taskId: string;
  agentCode: string;
  problem: string;
  /** Of the task. */
  version: number;
}

/** The record's side of repair. */
export interface RepairStore {
  mark(name: string): Promise<string | undefined>;
  setMark(name: string, value: string): Promise<void>;
  /** Those of these tasks that have not ended. */
  openAmong(taskIds: string[]): Promise<string[]>;
  /** Tasks that have begun, have not ended, and were silent for `silentMs`, after this id in the order of ids. */
  openAfter(id: string | undefined, silentMs: number, limit: number): Promise<string[]>;
  /**
   * Records a status that the workflow did not report itself; nothing after the task's end.
   * @param onlyAt the task's version: nothing when the workflow has reported since.
   */
  correct(taskId: string, status: ReportedStatus, onlyAt?: number): Promise<void>;
  /** Notes why a task cannot go on and shows it on the task; false when that is noted already. */
  noteProblem(taskId: string, problem: string, message: Message): Promise<boolean>;
  /** Open tasks with a problem noted. */
  problems(limit: number): Promise<NotedProblem[]>;
  countProblems(): Promise<number>;
  clearProblem(taskId: string): Promise<void>;
}
