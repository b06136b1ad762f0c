import type { NewPushConfig, PushShape } from '../tasks/ports.ts';
import type { Task, TaskChange } from '../tasks/task.ts';

/**
 * `live`: changes are delivered, or will be. `done`: the task has ended and all of it was delivered.
 * `gone`: the webhook answered 410. `expired`: for 24 hours it took nothing.
 */
export type PushState = 'live' | 'done' | 'gone' | 'expired';

/** A config in the record. */
export interface StoredConfig {
  /** Names this setting of the config, for ever: set anew it gets another. */
  key: string;
  taskId: string;
  id: string;
  url: string;
  /** The token and the credentials, sealed for `key`; null when there are none. */
  secrets: string | null;
  shape: PushShape;
  state: PushState;
  /** The task's version up to which it was told everything. */
  delivered: number;
  /** How many bodies of the change after that it has already taken. */
  bodies: number;
  /** Tries that failed since the last that did not. */
  failures: number;
  /** Since when, ISO 8601; set while `failures` is above 0. */
  failingSince?: string;
  /** When it is tried next, ISO 8601. */
  dueAt?: string;
  /** Why the last try failed. */
  problem?: string;
  /** The task's version now. */
  version: number;
}

export interface Failed {
  problem: string;
  dueAt: Date;
}

/** The record's part of push notifications. Every method is one statement or one transaction. */
export interface PushStore {
  /**
   * Sets a config of a task; one with the same id is replaced and goes on where that one was.
   * @returns undefined when the task has `limit` others.
   */
  save(taskId: string, config: NewPushConfig, limit: number): Promise<StoredConfig | undefined>;
  /** Without an id the one that was set first. */
  find(taskId: string, id: string | undefined): Promise<StoredConfig | undefined>;
  /** In the order of ids, after `after`. */
  list(taskId: string, page: { after?: string; limit: number }): Promise<StoredConfig[]>;
  remove(taskId: string, id: string): Promise<void>;

  /** Live configs of the task that are behind and did not fail, without those of `except`; and its version. */
  behind(
    taskId: string,
    except: string[],
    limit: number,
  ): Promise<{ version: number; configs: StoredConfig[] }>;
  byKey(key: string): Promise<StoredConfig | undefined>;
  /**
   * The task as it was at version `after`, without its history and, unless they are asked for, without its
   * artifacts; and what changed since, in order.
   */
  changes(
    taskId: string,
    after: number,
    options: { artifacts: boolean; limit: number },
  ): Promise<{ task: Task; changes: TaskChange[] } | undefined>;
  /**
   * All up to `delivered` was taken, and `bodies` of the next change; failures are over.
   * @returns false when the config is no longer there to be told more.
   */
  advance(key: string, delivered: number, bodies: number): Promise<boolean>;
  fail(key: string, failed: Failed): Promise<void>;
  end(key: string, state: 'gone' | 'expired', problem: string): Promise<void>;

  /** Tasks with live configs that are behind, did not fail, and were not told for `silentMs`. */
  tasksBehind(silentMs: number, limit: number): Promise<string[]>;
  /** Failing configs that should have been tried `lateMs` ago. */
  overdue(lateMs: number, limit: number): Promise<StoredConfig[]>;
  /** Live configs that fail now, and ended ones that were not told everything. */
  count(): Promise<{ failing: number; undelivered: number }>;
}

/** Runs deliveries durably. Each method may be repeated. */
export interface PushEngine {
  /** Has the task's webhooks told what they have not heard. @throws HostError `unavailable`. */
  deliver(taskId: string): Promise<void>;
  /** Has one webhook tried again after the delay, for as long as it takes. @throws HostError `unavailable`. */
  retry(stopped: Stopped, delayMs: number): Promise<void>;
}

/** Where a webhook did not take what it was told. */
export type Stopped = Pick<StoredConfig, 'key' | 'delivered' | 'bodies'>;

/** Writes the bodies that tell of one change, in the shape the config was made in, in order. */
export type WriteBodies = (change: TaskChange, task: Task, shape: PushShape) => string[];

interface PostRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

/** Posts to an address a client named. @throws PostError when there is no answer. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

export interface PostAnswer {
  status: number;
  retryAfter?: string | undefined;
}

/** A try that failed, and when there is to be another; none when the webhook was given up. */
export interface FailedTry {
  taskId: string;
  /** The config's. */
  id: string;
  /** What it answered, or why it did not. */
  problem: string;
  /** Tries that failed since the last that did not. */
  failures: number;
  dueAt?: Date;
}

/** No answer came; the message may be shown to the webhook's owner. */
export class PostError extends Error {}
