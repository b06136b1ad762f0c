import {
  type Client,
  type WorkflowExecutionStatusName,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ActivityFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { messageOf } from '../errors.ts';
import { type ReportedStatus, SNAPSHOT_QUERY, workflowIdOf } from '../tasks/contract.ts';
import type { TaskEnd, TaskInspector } from '../tasks/ports.ts';
import { isFinal } from '../tasks/state.ts';
import type { Message } from '../tasks/task.ts';

const PREFIX = workflowIdOf('');
/** What ended a little before was perhaps not listed yet when the last sweep looked. */
const LISTING_LAG_MS = 60_000;
/** One sweep looks at no more than this, so that a long absence is made up for in bounded steps. */
const STRETCH_MS = 30 * 60_000;
const QUERY_DEADLINE_MS = 5_000;
const AT_ONCE = 50;

/** Asks Temporal's visibility and histories what became of tasks. */
export class TemporalInspector implements TaskInspector {
  readonly #currentClient: () => Client;

  /** @param client gives the client, or throws `unavailable` while there is none. */
  constructor(client: () => Client) {
    this.#currentClient = client;
  }

  async endedSince(since: Date): Promise<{ taskIds: string[]; through: Date }> {
    const from = new Date(since.getTime() - LISTING_LAG_MS);
    const through = new Date(Math.min(Date.now(), since.getTime() + STRETCH_MS));
    const query = `${TASKS} AND ExecutionStatus != 'Running' AND CloseTime >= '${from.toISOString()}' AND CloseTime <= '${through.toISOString()}'`;
    const taskIds = new Set<string>();
    for await (const { workflowId, status } of this.#client.workflow.list({ query, pageSize: 1_000 })) {
      if (status.name !== 'CONTINUED_AS_NEW') taskIds.add(taskIdOf(workflowId));
    }
    return { taskIds: [...taskIds], through };
  }

  async endOf(taskId: string): Promise<TaskEnd | undefined> {
    const handle = this.#client.workflow.getHandle(workflowIdOf(taskId), undefined, { followRuns: false });
    const { status } = await handle.describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return undefined;
    // What the workflow itself said last, when it came to its end by itself and only its report was lost.
    const said = await this.statusOf(taskId);
    if (said !== undefined && isFinal(said.state) && BY_ITSELF.has(status.name)) {
      const reply = said.reply ? { reply: true as const } : {};
      return { state: said.state as TaskEnd['state'], text: textOf(said.message), ...reply };
    }
    if (status.name === 'COMPLETED') return { state: 'completed', text: '' };
    try {
      await handle.result();
      return { state: 'completed', text: '' };
    } catch (error) {
      return endFrom(error);
    }
  }

  async stuck(): Promise<{ taskId: string; problem: string }[]> {
    const query = `${TASKS} AND ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL`;
    const found: { taskId: string; problem: string }[] = [];
    for await (const { workflowId } of this.#client.workflow.list({ query, pageSize: 1_000 })) {
      found.push({ taskId: taskIdOf(workflowId), problem: await this.#lastProblem(workflowId) });
    }
    return found;
  }

  async unknown(taskIds: string[]): Promise<string[]> {
    const known = new Set<string>();
    for (let at = 0; at < taskIds.length; at += AT_ONCE) {
      const ids = taskIds.slice(at, at + AT_ONCE).map((id) => `'${workflowIdOf(id)}'`);
      const query = `WorkflowId IN (${ids.join(', ')})`;
      for await (const { workflowId } of this.#client.workflow.list({ query, pageSize: 1_000 })) {
        known.add(taskIdOf(workflowId));
      }
    }
    const missing: string[] = [];
    // The listing may lag: only the history itself says that there is none.
    for (const taskId of taskIds)
      if (!known.has(taskId) && !(await this.#exists(taskId))) missing.push(taskId);
    return missing;
  }

  async problemOf(taskId: string): Promise<string | undefined> {
    try {
      await this.#query(taskId);
      return undefined;
    } catch (error) {
      // A query is answered by a worker that has replayed the workflow: what it says is why it could not.
      const { cause } = error as Error;
      const said = messageOf(cause ?? error);
      if (/failed state/.test(said)) return this.#lastProblem(workflowIdOf(taskId));
      return /deadline/i.test(said) ? 'no worker takes it up' : said;
    }
  }

  async statusOf(taskId: string): Promise<ReportedStatus | undefined> {
    try {
      return await this.#query(taskId);
    } catch {
      // No worker, or code that cannot replay it.
      return undefined;
    }
  }

  get #client(): Client {
    return this.#currentClient();
  }

  #query(taskId: string): Promise<ReportedStatus> {
    return this.#client.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      this.#client.workflow.getHandle(workflowIdOf(taskId)).query(SNAPSHOT_QUERY),
    );
  }

  async #exists(taskId: string): Promise<boolean> {
    try {
      await this.#client.workflow.getHandle(workflowIdOf(taskId)).describe();
      return true;
    } catch (error) {
      // A namespace that is not found yet says nothing of its workflows.
      if (error instanceof WorkflowNotFoundError && !/namespace/i.test(error.message)) return false;
      throw error;
    }
  }

  /** The message of the newest failed workflow task. */
  async #lastProblem(workflowId: string): Promise<string> {
    const response = await this.#client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: this.#client.options.namespace,
      execution: { workflowId },
      maximumPageSize: 20,
    });
    const failed = response.history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
    return (
      failed?.workflowTaskFailedEventAttributes?.failure?.message ?? 'its workflow task does not get done'
    );
  }
}

const TASKS = `WorkflowId STARTS_WITH '${PREFIX}'`;

const BY_ITSELF: ReadonlySet<WorkflowExecutionStatusName> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

const taskIdOf = (workflowId: string): string => workflowId.slice(PREFIX.length);

const textOf = (message: Message | undefined): string =>
  (message?.parts ?? []).flatMap((part) => part.text ?? []).join('\n');

function endFrom(error: unknown): TaskEnd {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return { state: 'canceled', text: 'The workflow was canceled' };
  if (cause instanceof TimeoutFailure) return { state: 'failed', text: 'The workflow ran out of time' };
  if (cause instanceof TerminatedFailure) {
    const reason =
      cause.message && cause.message !== 'Workflow execution terminated' ? `: ${cause.message}` : '';
    return { state: 'failed', text: `An operator terminated the workflow${reason}` };
  }
  if (cause instanceof ActivityFailure) return { state: 'failed', text: messageOf(cause.cause ?? cause) };
  return { state: 'failed', text: messageOf(cause ?? error) };
}
