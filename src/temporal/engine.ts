import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { messageOf, unavailable } from '../errors.ts';
import type { AttributeTypes } from '../mapping/search-attributes.ts';
import { MESSAGE_UPDATE, type Seen, type TaskInput, workflowIdOf } from '../tasks/contract.ts';
import type { DeliveryResult, MessageDelivery, TaskEngine, WorkflowRef } from '../tasks/ports.ts';
import type { Message } from '../tasks/task.ts';
import { RegisteredAttributes } from './search-attributes.ts';

/** Past this, a caller is told that its message waits, and the repair sweep takes over. */
const CALL_DEADLINE_MS = 3_000;
/** The SDK's own retries overstep their deadline by seconds while a connection is refused. */
const INSIST_MS = 3_500;
/** Temporal counts as away after so many calls in a row, and is then asked once in a while. */
const FAILURES = 3;
const ASK_AGAIN_MS = 1_000;
/** So many tasks on their way of which the first has been for so long are more than Temporal can do: a deadline is near. */
const MANY_STARTS = 50;
const SLOW_MS = 1_000;
const FORGET_MS = 5_000;

/** Hears of a task, and of the run of its workflow. */
type RunsHere = (workflow: WorkflowRef, input: TaskInput, runId: string) => void;

/** Tasks on Temporal: a task is a workflow, a follow-up an Update, a cancel Temporal's cancellation. */
export class TemporalTaskEngine implements TaskEngine {
  readonly #currentClient: () => Client;
  readonly #refused: () => void;
  readonly #runsHere: RunsHere;
  /** When each task began that this process starts and has heard nothing of yet, the first one first. */
  readonly #starts = new Map<string, number>();
  // While Temporal is away nobody waits for it: what is recorded runs when it is back.
  readonly #breaker = circuitBreaker(handleWhen(isOutage), {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: ASK_AGAIN_MS,
  });
  readonly #attributes = new RegisteredAttributes(() => this.#client);
  readonly #limit = timeout(INSIST_MS, TimeoutStrategy.Aggressive);

  /**
   * @param client gives the client, or throws `unavailable` while there is none.
   * @param refused hears of each new task that there is no room for.
   * @param runsHere hears of each new task whose first step runs in this process.
   */
  constructor(client: () => Client, refused = () => {}, runsHere: RunsHere = () => {}) {
    this.#currentClient = client;
    this.#refused = refused;
    this.#runsHere = runsHere;
  }

  checkRoom(): void {
    const now = performance.now();
    for (const [taskId, since] of this.#starts) {
      if (now - since < FORGET_MS) break;
      this.#starts.delete(taskId);
    }
    const [first = now] = this.#starts.values();
    if (this.#starts.size < MANY_STARTS || now - first < SLOW_MS) return;
    this.#refused();
    throw unavailable('The workflow engine has as much to do as it can; try again');
  }

  async start(workflow: WorkflowRef, input: TaskInput): Promise<void> {
    const { taskId } = input;
    this.#starts.set(taskId, performance.now());
    let here = false;
    try {
      here = await this.#start(workflow, input);
    } finally {
      // Of one that runs elsewhere nothing is heard here.
      if (!here) this.#starts.delete(taskId);
    }
  }

  /** A change of the task was recorded by this process. */
  heard(taskId: string): void {
    this.#starts.delete(taskId);
  }

  /** Whether its first step runs in this process. */
  async #start(workflow: WorkflowRef, input: TaskInput): Promise<boolean> {
    const { workflowType, taskQueue, args = [] } = workflow;
    try {
      const { eagerlyStarted, firstExecutionRunId } = await this.#call(() =>
        this.#client.workflow.start(workflowType, {
          workflowId: workflowIdOf(input.taskId),
          taskQueue,
          args: [input, ...args],
          // The first workflow task rides back on the reply, to the worker on this same connection.
          requestEagerStart: true,
          // How long a worker's death goes unnoticed while it holds the workflow.
          workflowTaskTimeout: '3 seconds',
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          staticSummary: input.agentCode,
        }),
      );
      if (eagerlyStarted) this.#runsHere(workflow, input, firstExecutionRunId);
      // It may have come so far already.
      return eagerlyStarted && this.#starts.has(input.taskId);
    } catch (error) {
      // It ran and ended before this call: nothing is left to start.
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  async deliver({ taskId, deliveryId, message, seen }: MessageDelivery): Promise<DeliveryResult> {
    const handle = this.#client.workflow.getHandle(workflowIdOf(taskId));
    try {
      await this.#call(() =>
        handle.executeUpdate<void, [Message, Seen?]>(MESSAGE_UPDATE, {
          args: seen === undefined ? [message] : [message, seen],
          updateId: deliveryId,
        }),
      );
      return { outcome: 'accepted' };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) {
        return { outcome: 'refused', reason: messageOf(error.cause ?? error) };
      }
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await this.#checkEnded(taskId);
      return { outcome: 'refused', reason: 'The task has ended and takes no more messages', ended: true };
    }
  }

  /**
   * A server that has just started may not find what it has: only its word that the workflow is closed counts.
   * @throws HostError `unavailable` when it does not say so.
   */
  async #checkEnded(taskId: string): Promise<void> {
    try {
      const { status } = await this.#call(() =>
        this.#client.workflow.getHandle(workflowIdOf(taskId)).describe(),
      );
      if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') return;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    throw unavailable('The workflow is not found');
  }

  async cancel(taskId: string): Promise<'requested' | 'ended'> {
    try {
      await this.#call(() => this.#client.workflow.getHandle(workflowIdOf(taskId)).cancel());
      return 'requested';
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await this.#checkEnded(taskId);
      return 'ended';
    }
  }

  searchAttributes(names: readonly string[]): Promise<AttributeTypes | undefined> {
    return this.#attributes.types(names);
  }

  get #client(): Client {
    return this.#currentClient();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    const { connection } = this.#client;
    try {
      // One inside the other by hand: `wrap` would hang each call's listeners on one signal that never fires.
      return await this.#breaker.execute(() =>
        this.#limit.execute(() => connection.withDeadline(Date.now() + CALL_DEADLINE_MS, call)),
      );
    } catch (error) {
      if (isOutage(error)) throw unavailable('The workflow engine is not reachable at the moment', error);
      throw error;
    }
  }
}

// gRPC: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE.
const OUTAGE_CODES = new Set([1, 2, 4, 8, 10, 13, 14]);

function isOutage(error: unknown): boolean {
  if (isBrokenCircuitError(error) || error instanceof TaskCancelledError) return true;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  if (error instanceof ServiceError) return error.cause === undefined || isOutage(error.cause);
  return isGrpcServiceError(error) && OUTAGE_CODES.has(error.code);
}
