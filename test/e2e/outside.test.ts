import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrismaClient } from '../../src/storage/generated/client.ts';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

// What happens to a workflow behind the host's back is shown on its task by the repair sweep.
describe('workflows touched from outside', () => {
  let ground: TestGround;
  let product: Product;
  let connection: Connection;
  let temporal: Client;
  let db: PrismaClient;

  beforeAll(async () => {
    ground = await startGround();
    product = await startProduct(ground.env);
    connection = await Connection.connect({ address: ground.temporalAddress });
    temporal = new Client({ connection });
    db = new PrismaClient({ adapter: new PrismaPg({ connectionString: ground.databaseUrl }) });
  });

  afterAll(async () => {
    await endAllProducts();
    await db?.$disconnect();
    await connection?.close();
    await ground?.stop();
  });

  const expense = () => agentUrl(product.url, 'expense-approval');
  const waitingTask = async (): Promise<string> => {
    const message = userMessage([{ data: { amount: 900, currency: 'EUR', purpose: 'desk' } }]);
    const { body } = await rpc(expense(), 'SendMessage', { message }, { version: '1.0' });
    expect(body.result.task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    return body.result.task.id;
  };
  const statusOf = async (id: string): Promise<Wire> =>
    (await rpc(expense(), 'GetTask', { id }, { version: '1.0' })).body.result.status;
  const inState = (id: string, state: string) =>
    until(`task ${id} is ${state}`, async () => {
      const status = await statusOf(id);
      return status.state === state ? status : undefined;
    });

  it('a terminated workflow leaves its task failed, saying so', async () => {
    const id = await waitingTask();
    await temporal.workflow.getHandle(workflowIdOf(id)).terminate('budget frozen');
    const status = await inState(id, 'TASK_STATE_FAILED');
    expect(status.message.parts[0].text).toBe('An operator terminated the workflow: budget frozen');
  });

  it('a workflow canceled from outside leaves its task canceled by its own report', async () => {
    const id = await waitingTask();
    await temporal.workflow.getHandle(workflowIdOf(id)).cancel();
    await inState(id, 'TASK_STATE_CANCELED');
  });

  it('a reset workflow goes on with its task, on the new run', async () => {
    const id = await waitingTask();
    const handle = temporal.workflow.getHandle(workflowIdOf(id));
    const { runId } = await handle.describe();
    // The question is on record before the server has the workflow task that asked it.
    const started = await until('the first workflow task is in the history', async () => {
      const { events } = await handle.fetchHistory();
      return events?.find((event) => event.workflowTaskCompletedEventAttributes);
    });
    await temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: workflowIdOf(id), runId },
      workflowTaskFinishEventId: started.eventId ?? null,
      requestId: `reset-${id}`,
      reason: 'test',
    });
    await until('the new run has reported', async () => {
      const row = await db.task.findUniqueOrThrow({ where: { id } });
      return row.pastRuns.includes(runId) && row.state === 'input-required' ? true : undefined;
    });
    const message = userMessage('yes', { taskId: id });
    const { body } = await rpc(expense(), 'SendMessage', { message }, { version: '1.0' });
    expect(body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('a task whose workflow Temporal has lost fails and is never run again', async () => {
    const id = await waitingTask();
    const handle = temporal.workflow.getHandle(workflowIdOf(id));
    const { runId } = await handle.describe();
    await temporal.workflowService.deleteWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: workflowIdOf(id), runId },
    });
    await until('the history is gone', () =>
      handle.describe().then(
        () => undefined,
        () => true,
      ),
    );
    await db.$executeRaw`update task set updated_at = now() - interval '1 hour' where id = ${id}::uuid`;
    const status = await inState(id, 'TASK_STATE_FAILED');
    expect(status.message.parts[0].text).toBe('The workflow engine no longer knows this task');
    await expect(handle.describe()).rejects.toThrow(/not found/i);
  });
});
