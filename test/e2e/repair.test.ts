/** What a death between two writes leaves is made up for by the repair sweep (ARCHITECTURE, "Repair"). */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import { DEFAULT_TASK_QUEUE, workflowIdOf } from '../../src/tasks/contract.ts';
import { digestOf } from '../../src/tasks/message.ts';
import type { NewTask } from '../../src/tasks/ports.ts';
import type { Message, Metadata } from '../../src/tasks/task.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, call, collect, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const OWNER = 'local';
let ground: TestGround;
let product: Product;
let db: PrismaClient;
let store: PrismaTaskStore;
let connection: Connection;
let temporal: Client;

beforeAll(async () => {
  ground = await startGround();
  product = await startProduct(ground.env);
  db = openDatabase({ url: ground.databaseUrl, poolSize: 2 });
  store = new PrismaTaskStore(db);
  connection = await Connection.connect({ address: ground.temporalAddress });
  temporal = new Client({ connection });
});

afterAll(async () => {
  await connection.close();
  await db.$disconnect();
  await killAllProducts();
  await ground.stop();
});

const url = (code: string) => agentUrl(product.url, code);
const get = (code: string, id: string): Promise<Wire> => call(url(code), 'GetTask', { id }, V1);
const send = async (code: string, message: Wire): Promise<Wire> =>
  (await call(url(code), 'SendMessage', { message }, V1)).task;
const messageOf = (text: string, metadata?: Metadata): Message => ({
  messageId: randomUUID(),
  role: 'user',
  parts: [{ text }],
  ...(metadata && { metadata }),
});

/** Records a task as a host does that dies before it starts the workflow. */
async function acceptOnly(agentCode: string, message: Message): Promise<NewTask> {
  const task: NewTask = {
    id: randomUUID(),
    agentCode,
    owner: OWNER,
    contextId: randomUUID(),
    message,
    metadata: {},
    digest: digestOf(message, undefined, undefined),
  };
  expect((await store.accept(task)).outcome).toBe('created');
  return task;
}

/** Records an answer as a host does that dies before it delivers it. */
async function appendOnly(agentCode: string, taskId: string, text: string): Promise<Message> {
  const task = await store.find({ owner: OWNER, agentCode, taskId });
  if (task === undefined) throw new Error('no such task');
  const message = messageOf(text);
  const appended = await store.append(task, message, digestOf(message, taskId, undefined));
  expect(appended.outcome).toBe('appended');
  return message;
}

/** As if it had been written a while ago, and a sweep now; where one runs already, that one or the next in its time. */
async function sweepAged(taskId: string): Promise<void> {
  await db.$executeRaw`
    update task set created_at = created_at - interval '10 seconds' where id = ${taskId}::uuid`;
  await db.$executeRaw`
    update task_message set pending_since = pending_since - interval '10 seconds',
      unconfirmed_since = unconfirmed_since - interval '10 seconds'
    where task_id = ${taskId}::uuid`;
  await sweep();
}

const sweep = () => temporal.schedule.getHandle('agent-host/repair').trigger();

async function repairs(kind: string): Promise<number> {
  const text = await (await fetch(`${product.url}/metrics`)).text();
  return Number(new RegExp(`^agent_host_repairs_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

const completed = (code: string, id: string) =>
  until(
    'the task to complete',
    async () => {
      const task = await get(code, id);
      return task.status.state === 'TASK_STATE_COMPLETED' ? task : undefined;
    },
    25_000,
  );

it('a task that was accepted and never started is shown, then started, once', async () => {
  const { id } = await acceptOnly('echo', messageOf('left behind'));
  const before = await get('echo', id);
  expect(before.status.state).toBe('TASK_STATE_SUBMITTED');
  const watching = collect(stream(url('echo'), 'SubscribeToTask', { id }, V1));
  await sweepAged(id);
  const events = await watching;
  expect(events.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
  const task = await get('echo', id);
  expect(task.artifacts[0].parts).toEqual([{ text: 'left behind' }]);
  // The sweep says what it did when it is done.
  await until('the count', async () => ((await repairs('started')) === 1 ? true : undefined));
});

it('an answer that was recorded and never delivered is delivered, once', async () => {
  const { id } = await send('order-refund', userMessage('I want my money back'));
  await appendOnly('order-refund', id, 'ORD-1001');
  await sweepAged(id);
  const asked = await until(
    'the next question',
    async () => {
      const task = await get('order-refund', id);
      return task.status.message?.parts[0].text.startsWith('Why') ? task : undefined;
    },
    25_000,
  );
  const roles = ['ROLE_USER', 'ROLE_AGENT', 'ROLE_USER', 'ROLE_AGENT'];
  expect(asked.history.map(({ role }: Wire) => role)).toEqual(roles);
  // The sweep says what it did when it is done; one that starts a task shows that another one went by.
  await until('the count', async () => ((await repairs('delivered')) === 1 ? true : undefined));
  const next = await acceptOnly('echo', messageOf('later'));
  await sweepAged(next.id);
  await completed('echo', next.id);
  expect((await get('order-refund', id)).history).toEqual(asked.history);
  expect(await repairs('delivered')).toBe(1);
  const answered = await send('order-refund', userMessage('broken', { taskId: id }));
  expect(answered.status.message.parts[0].text).toContain('Shall I refund');
});

it('the client need not wait for the sweep: its message, sent again, starts the task', async () => {
  const message = messageOf('again');
  const { id } = await acceptOnly('echo', message);
  const { messageId, parts } = message;
  const task = await send('echo', { messageId, parts, role: 'ROLE_USER' });
  expect(task).toMatchObject({ id, status: { state: 'TASK_STATE_COMPLETED' } });
});

it('so does its answer, sent again: it is delivered, once', async () => {
  const { id } = await send('order-refund', userMessage('I want my money back'));
  const { messageId, parts } = await appendOnly('order-refund', id, 'ORD-1002');
  const task = await send('order-refund', { messageId, parts, taskId: id, role: 'ROLE_USER' });
  expect(task.status.message.parts[0].text).toMatch(/^Why should ORD-1002/);
  expect(task.history).toHaveLength(4);
});

it('a task that never started can be canceled', async () => {
  const { id } = await acceptOnly('document-digest', messageOf('# A\nb', { pauseMs: 60_000 }));
  const task = await call(url('document-digest'), 'CancelTask', { id }, V1);
  expect(task.status.state).toBe('TASK_STATE_CANCELED');
});

/** Starts the workflow of a task otherwise than the host does. */
async function startBeside(task: NewTask, workflowType: string, workflowExecutionTimeout?: number) {
  const { id: taskId, contextId, agentCode, owner, message, metadata } = task;
  return temporal.workflow.start(workflowType, {
    workflowId: workflowIdOf(taskId),
    taskQueue: DEFAULT_TASK_QUEUE,
    args: [{ taskId, contextId, agentCode, owner, message, metadata }],
    ...(workflowExecutionTimeout && { workflowExecutionTimeout }),
  });
}

const inState = (code: string, id: string, state: string, text: string) =>
  until(
    `task ${id} is ${state}`,
    async () => {
      const { status } = await get(code, id);
      return status.state === state && status.message?.parts[0].text === text ? true : undefined;
    },
    120_000,
  );

it('a task whose workflow has timed out fails and says so', async () => {
  const task = await acceptOnly('order-refund', messageOf('I want my money back'));
  const handle = await startBeside(task, 'orderRefund', 2_000);
  await expect(handle.result()).rejects.toThrow();
  await sweep();
  await inState('order-refund', task.id, 'TASK_STATE_FAILED', 'The workflow ran out of time');
});

// Temporal counts a workflow task as a problem after some failures, which come further and further apart: over a minute.
it.runIf(process.env.FULL)(
  'a task whose workflow type no worker has says that it cannot go on, and who asks is told why',
  async () => {
    const task = await acceptOnly('echo', messageOf('to nobody'));
    const handle = await startBeside(task, 'neverWritten');
    const stuck = 'The task cannot go on until its operator has repaired the agent';
    await inState('echo', task.id, 'TASK_STATE_WORKING', stuck);
    const ready = (await (await fetch(`${product.url}/readyz`)).json()) as Wire;
    expect(ready.stuck).toEqual([
      { task: task.id, agent: 'echo', problem: expect.stringContaining('neverWritten') },
    ]);
    await handle.terminate('never written');
    await inState('echo', task.id, 'TASK_STATE_FAILED', 'An operator terminated the workflow: never written');
  },
  240_000,
);

// What happens to a workflow behind the host's back is shown on its task by the repair sweep.
describe('workflows touched from outside', () => {
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
    await sweep();
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
    // By a sweep that comes in its time.
    const status = await inState(id, 'TASK_STATE_FAILED');
    expect(status.message.parts[0].text).toBe('The workflow engine no longer knows this task');
    await expect(handle.describe()).rejects.toThrow(/not found/i);
  });
});
