import type { Client } from '@temporalio/client';
import { unavailable } from '../errors.ts';
import type { PushEngine, Stopped } from '../push/ports.ts';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';
import { PUSH_CHANGED } from './system-contract.ts';

const CALL_DEADLINE_MS = 3_000;
/** Many webhooks may fail at the same moment, and nobody waits for an answer. */
const RETRY_DEADLINE_MS = 20_000;

/**
 * Push deliveries on Temporal: one workflow for a task while its webhooks are behind, and one more for each webhook
 * while it fails. Nothing runs for those that have heard of everything.
 */
export class TemporalPushEngine implements PushEngine {
  readonly #currentClient: () => Client;
  /** Tasks whose workflow is being told right now, and whether there is more to tell it. */
  readonly #telling = new Map<string, { again: boolean; done: Promise<void> }>();

  /** @param client gives the client, or throws `unavailable` while there is none. */
  constructor(client: () => Client) {
    this.#currentClient = client;
  }

  /** Changes that come while the workflow is being told of another are told together. */
  deliver(taskId: string): Promise<void> {
    const telling = this.#telling.get(taskId);
    if (telling !== undefined) {
      telling.again = true;
      return telling.done;
    }
    const begun = { again: false, done: Promise.resolve() };
    begun.done = this.#deliver(taskId, begun).finally(() => this.#telling.delete(taskId));
    this.#telling.set(taskId, begun);
    return begun.done;
  }

  async #deliver(taskId: string, state: { again: boolean }): Promise<void> {
    do {
      state.again = false;
      await this.#call((client) =>
        client.workflow.signalWithStart('pushDelivery', {
          workflowId: `agent-push/${taskId}`,
          taskQueue: SYSTEM_TASK_QUEUE,
          args: [taskId],
          signal: PUSH_CHANGED,
        }),
      );
    } while (state.again);
  }

  async retry({ key, delivered, bodies }: Stopped, delayMs: number): Promise<void> {
    await this.#call(
      (client) =>
        client.workflow.start('pushRetry', {
          // Where it stopped is part of the name: one that ends as it takes this is not taken for one that tries the next.
          workflowId: `agent-push-retry/${key}/${delivered}.${bodies}`,
          taskQueue: SYSTEM_TASK_QUEUE,
          args: [key],
          startDelay: delayMs,
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      RETRY_DEADLINE_MS,
    );
  }

  async #call(
    call: (client: Client) => Promise<unknown>,
    deadlineMs: number = CALL_DEADLINE_MS,
  ): Promise<void> {
    const client = this.#currentClient();
    try {
      await client.connection.withDeadline(Date.now() + deadlineMs, () => call(client));
    } catch (error) {
      // What was not told now is found behind by the next sweep.
      throw unavailable('The workflow engine could not be told of a push delivery', error);
    }
  }
}
