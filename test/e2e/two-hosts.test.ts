import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' } as const;
const expense = userMessage([{ data: { amount: 900, currency: 'EUR', purpose: 'desk' } }]);

describe('two hosts on one Postgres and one Temporal', () => {
  let ground: TestGround;
  let one: Product;
  let other: Product;

  beforeAll(async () => {
    ground = await startGround();
    [one, other] = await Promise.all([startProduct(ground.env), startProduct(ground.env)]);
  });

  afterAll(async () => {
    await endAllProducts();
    await ground?.stop();
  });

  const call = async ({ url }: Product, method: string, params: Wire): Promise<Wire> =>
    (await rpc(agentUrl(url, 'expense-approval'), method, params, V1)).body.result;
  const begin = async (host: Product): Promise<Wire> => {
    const message = { ...expense, messageId: crypto.randomUUID() };
    return (await call(host, 'SendMessage', { message })).task;
  };

  it('a stream opened on one shows what is sent through the other', async () => {
    const task = await begin(one);
    const events = stream(agentUrl(other.url, 'expense-approval'), 'SubscribeToTask', { id: task.id }, V1);
    await events.next();
    await call(one, 'SendMessage', { message: userMessage('no', { taskId: task.id }) });
    const states: string[] = [];
    for await (const event of events) if (event.statusUpdate) states.push(event.statusUpdate.status.state);
    expect(states.at(-1)).toBe('TASK_STATE_COMPLETED');
  });

  it('cancel on one stops what the other began', async () => {
    const task = await begin(one);
    const canceled = await call(other, 'CancelTask', { id: task.id });
    expect(canceled.status.state).toBe('TASK_STATE_CANCELED');
    expect((await call(one, 'GetTask', { id: task.id })).status.state).toBe('TASK_STATE_CANCELED');
  });

  it('one messageId to both at once starts one workflow', async () => {
    const connection = await Connection.connect({ address: ground.temporalAddress });
    const { workflow } = new Client({ connection });
    const query = "WorkflowType = 'expenseApproval'";
    const listed = async () => (await workflow.count(query)).count;
    const before = await listed();
    const message = { ...expense, messageId: crypto.randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call(i % 2 ? one : other, 'SendMessage', { message })),
    );
    expect(new Set(answers.map(({ task }) => task.id)).size).toBe(1);
    await until('Temporal lists the workflow', async () => ((await listed()) > before ? true : undefined));
    expect(await listed()).toBe(before + 1);
    await connection.close();
  });

  it('of two answers through both at once exactly one is taken', async () => {
    const task = await begin(one);
    const answer = (host: Product, text: string) =>
      rpc(
        agentUrl(host.url, 'expense-approval'),
        'SendMessage',
        { message: userMessage(text, { taskId: task.id }) },
        V1,
      );
    const both = await Promise.all([answer(one, 'yes'), answer(other, 'no')]);
    expect(both.filter(({ body }) => body.error?.code === -32004)).toHaveLength(1);
    const { history } = await call(other, 'GetTask', { id: task.id });
    expect(history.filter(({ role }: Wire) => role === 'ROLE_USER')).toHaveLength(2);
  });
});
