import { type Client, WorkflowNotFoundError } from '@temporalio/client';

const PAGE = 1_000;

/**
 * Follows a workflow, and the runs that go on from it. Each call resolves with its next step: at first with where it
 * stands, once its worker has worked on it at all.
 */
export function newStepOf(
  client: Client,
  workflowId: string,
  signal: AbortSignal,
): () => Promise<'step' | 'ended'> {
  let run: Run | undefined;
  return async () => {
    for (;;) {
      run ??= await newestRun(client, workflowId);
      const next = run === undefined ? 'ended' : await stepOf(client, run, signal);
      if (next !== 'next run') return next;
      run = undefined;
    }
  };
}

interface Run {
  execution: { workflowId: string; runId: string };
  /** How many events it had when it was first looked at: nothing of what lies before is news. */
  known: number;
  page: Uint8Array | undefined;
  /** Its worker has done a step that nobody was told of. */
  untold: boolean;
}

async function newestRun(client: Client, workflowId: string): Promise<Run | undefined> {
  try {
    const { runId, historyLength } = await client.workflow.getHandle(workflowId).describe();
    return { execution: { workflowId, runId }, known: historyLength, page: undefined, untold: false };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function stepOf(client: Client, run: Run, signal: AbortSignal): Promise<'step' | 'ended' | 'next run'> {
  const { namespace } = client.options;
  for (;;) {
    // The worker's connection cuts no call short: this one goes on until the server answers, and is the last.
    signal.throwIfAborted();
    // The server answers when there is something new, or after a while with nothing.
    const { history, nextPageToken } = await client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: run.execution,
      maximumPageSize: PAGE,
      waitNewEvent: true,
      skipArchival: true,
      ...(run.page && { nextPageToken: run.page }),
    });
    const events = history?.events ?? [];
    run.untold ||= events.some((event) => event.workflowTaskCompletedEventAttributes);
    run.page = nextPageToken;
    const last = events.at(-1);
    if (last !== undefined) run.known -= events.length;
    // The last page of a closed run has no token.
    if (!nextPageToken?.length) return last && goesOn(last) ? 'next run' : 'ended';
    if (run.known > 0 || !run.untold) continue;
    run.untold = false;
    return 'step';
  }
}

type Closing = { newExecutionRunId?: string | null } | null | undefined;

function goesOn(last: object): boolean {
  return Object.values(last).some((attributes) => Boolean((attributes as Closing)?.newExecutionRunId));
}
