import type { WaitsFor } from '../mapping/plain.ts';
import type { Attributes } from '../mapping/search-attributes.ts';
import type { Projection } from '../tasks/contract.ts';
import type { Json, Message, Part } from '../tasks/task.ts';

/** Where the host's workers watch over plain workflows: each that may wait for its user takes a place for its life. */
export const WATCH_TASK_QUEUE = 'agent-host-watch';

/** A workflow that is watched, by its id; whatever run of it is the newest. */
export interface Watch {
  workflowId: string;
  waitsFor: WaitsFor;
  /** The question known already; null while it does not wait. */
  known: string | null;
  /** It was told already that its questions cannot be read: that is no news until they can. */
  unreadable?: true;
}

/** A workflow that runs already, whose end is waited for. */
export interface Followed {
  workflowId: string;
  workflowType: string;
}

/** A workflow that is started beside its task's own, as nobody's child. */
export interface Beside extends Followed {
  taskQueue: string;
  args: Json[];
  timeoutMs: number;
  summary: string;
  memo?: Record<string, Json>;
  searchAttributes?: Attributes;
  /** The task's workflow was reset: one that has failed is started once more. */
  again?: true;
  /** Recorded before it begins. */
  report?: Projection;
}

/** The type of the failure that says that one goes on for longer than a moment, or may be about to begin. */
export const STILL_RUNS = 'StillRuns';

/** The type of the failure of one that was canceled. */
export const FOLLOWED_CANCELED = 'FollowedCanceled';

/** The type of the failure with which a watch says that the questions cannot be read, and why. */
export const UNREADABLE = 'Unreadable';

export interface Answer {
  workflowId: string;
  /** The same for each attempt: an update is applied once. */
  answerId: string;
  name: string;
  kind: 'update' | 'signal';
  args: Json[];
}

export interface PlainResult {
  agentCode: string;
  message: Message;
  result: Json;
}

/** The host's steps for plain workflows, outside of its own. */
export interface PlainActivities {
  /**
   * Resolves once what the workflow asks differs from what is known; also when it has ended, and then asks nothing.
   * @throws ApplicationFailure `Unreadable` when that could not be read for a while.
   */
  watchPlain(watch: Watch): Promise<string | null>;
  /** @returns the result of a workflow, once it has ended. @throws ApplicationFailure with why it failed. */
  followPlain(followed: Followed): Promise<unknown>;
  /**
   * Starts a workflow, unless an earlier attempt has, and gives its result; as a local activity it waits for a moment only.
   * @throws ApplicationFailure with why it failed, or `StillRuns`; one that may be retried when it could not be started.
   */
  runBeside(beside: Beside): Promise<unknown>;
  /** Hands an answer over. @returns why it was refused; null when it was taken, or the workflow has ended. */
  answerPlain(answer: Answer): Promise<string | null>;
  /** Why Temporal would not take these search attributes; null when it would, as far as that is known. */
  checkAttributes(attributes: Attributes): Promise<string | null>;
  /** What the author's own function makes of a result. @param bytes the result, when it is bytes. */
  mapPlainResult(given: PlainResult, bytes?: Uint8Array): Promise<string | readonly Part[]>;
}
