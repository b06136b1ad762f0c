import type { Client } from '@temporalio/client';
import { SYSTEM_TASK_QUEUE, taskIdOf } from '../tasks/contract.ts';

/** A workflow type on a task queue, as a namespace shows it. */
export interface SeenWorkflow {
  workflowType: string;
  taskQueue: string;
  count: number;
  /** When the newest of them began. */
  last: Date;
  /** How many arguments the newest of them was given. */
  args: number;
  /** Whether each of them was begun by another workflow, which is not the host's. */
  child: boolean;
}

/** Enough to see every type that is used; a larger namespace's older workflows are not looked at. */
const MOST = 10_000;

/** The workflow types and task queues of the client's namespace, the busiest first; the host's own left out. */
export async function seenWorkflows(client: Client): Promise<SeenWorkflow[]> {
  const seen = new Map<string, SeenWorkflow & { workflowId: string; runId: string }>();
  let looked = 0;
  for await (const found of client.workflow.list({ pageSize: 1_000 })) {
    looked += 1;
    if (looked > MOST) break;
    const { type, taskQueue, workflowId, runId, startTime, parentExecution } = found;
    if (isOwn(workflowId, taskQueue, type)) continue;
    const key = JSON.stringify([type, taskQueue]);
    const known = seen.get(key);
    const parent = parentExecution?.workflowId ?? undefined;
    const child = parent !== undefined && taskIdOf(parent) === undefined && known?.child !== false;
    const newest =
      known !== undefined && known.last >= startTime ? known : { last: startTime, workflowId, runId };
    const count = (known?.count ?? 0) + 1;
    seen.set(key, { ...newest, workflowType: type, taskQueue, count, args: 0, child });
  }
  const found = await Promise.all(
    [...seen.values()].map(async ({ workflowId, runId, ...entry }) => ({
      ...entry,
      args: await argsOf(client, { workflowId, runId }),
    })),
  );
  return found.sort((a, b) => b.count - a.count || (a.workflowType < b.workflowType ? -1 : 1));
}

const isOwn = (workflowId: string, taskQueue: string, type: string): boolean =>
  taskIdOf(workflowId) !== undefined || taskQueue === SYSTEM_TASK_QUEUE || type.startsWith('temporal-sys-');

async function argsOf(client: Client, execution: { workflowId: string; runId: string }): Promise<number> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: 1,
  });
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.length ?? 0;
}
