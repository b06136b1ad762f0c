import type { Client } from '@temporalio/client';
import { unavailable } from '../errors.ts';
import { SYSTEM_TASK_QUEUE } from '../tasks/contract.ts';

const CALL_DEADLINE_MS = 3_000;

/**
 * Has the call of a receipt made by a workflow, which outlives this process. May be asked again.
 * @param client gives the client, or throws `unavailable` while there is none.
 * @throws HostError `unavailable`.
 */
export async function startGatewayCall(client: () => Client, receiptId: string): Promise<void> {
  const current = client();
  try {
    await current.connection.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      current.workflow.start('gatewayCall', {
        workflowId: `agent-call/${receiptId}`,
        taskQueue: SYSTEM_TASK_QUEUE,
        args: [receiptId],
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    );
  } catch (error) {
    throw unavailable('The workflow engine could not be told of a call', error);
  }
}
