import type { Client } from '@modelcontextprotocol/client';
import { Connection, Client as TemporalClient } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import { type McpCaller, mcpClient } from '../support/mcp.ts';
import { endAllProducts, type Product, runJson, startProduct } from '../support/product.ts';
import { agentUrl, post, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' } as const;
const expense = userMessage([{ data: { amount: 900, currency: 'EUR', purpose: 'desk' } }]);

let ground: TestGround;
let one: Product;
let other: Product;

beforeAll(async () => {
  ground = await startGround();
  const env = { ...ground.env, SEND_WAIT: '5' };
  [one, other] = await Promise.all([startProduct(env), startProduct(env)]);
});

afterAll(async () => {
  await endAllProducts();
  await ground?.stop();
});

describe('two hosts on one Postgres and one Temporal', () => {
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
    const { workflow } = new TemporalClient({ connection });
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

/** Each request goes to the other host than the one before: whatever a client begins on one it ends on the other. */
describe.each(['newest', 'older'] as const)(
  'MCP through two hosts, by the official client (%s)',
  (version) => {
    let mine: Client;
    let silent: Client;
    let theirs: Client;
    const asked: string[] = [];
    let answer: string | null = 'yes, have fun';

    const keyFor = async (name: string): Promise<string> =>
      (
        await runJson(
          ['keys', 'create', '--name', `${name}-${version}`, '--scopes', 'agents:invoke'],
          ground.env,
        )
      ).key;
    const connect = (key: string, more: Partial<McpCaller> = {}) =>
      mcpClient({ hosts: [one.url, other.url], key, version, ...more });
    const chair = { amount: 900, currency: 'EUR', purpose: 'a chair' };
    const callTool = (client: Client, name: string, args: Wire, options?: Wire, meta?: Wire): Promise<Wire> =>
      client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) }, options);

    beforeAll(async () => {
      const [key, theirKey] = [await keyFor('mine'), await keyFor('theirs')];
      // The other host may take half a second to hear that credentials are asked for now.
      const asks = (question: string) => {
        asked.push(question);
        return answer;
      };
      mine = await connect(key, { answer: asks });
      silent = await connect(key);
      theirs = await connect(theirKey);
    });

    afterAll(async () => {
      await Promise.all([mine, silent, theirs].map((client) => client?.close()));
    });

    it('agents are tools, with the input that they declare', async () => {
      const { tools } = await mine.listTools();
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['continue_task', 'cancel_task', 'echo', 'expense-approval']),
      );
      const expense = tools.find(({ name }) => name === 'expense-approval');
      expect(expense).toMatchObject({
        title: 'Expense approval',
        inputSchema: {
          properties: { amount: { type: 'number' } },
          required: ['amount', 'currency', 'purpose'],
        },
      });
      expect(tools.find(({ name }) => name === 'echo')?.inputSchema.required).toEqual(['message']);
    });

    it('a call is a task, and its end the result', async () => {
      const said = await callTool(mine, 'echo', { message: 'Hello there' });
      expect(said.content[0]).toEqual({ type: 'text', text: 'Hello there' });
      const { structuredContent } = await callTool(mine, 'expense-approval', { ...chair, amount: 9 });
      expect(structuredContent).toMatchObject({ state: 'completed', data: { decision: { approved: true } } });
    });

    it('what is wrong with a call is an error that its model can read', async () => {
      const wrong = await callTool(mine, 'expense-approval', { ...chair, amount: -4 });
      expect(wrong).toMatchObject({
        isError: true,
        content: [{ text: 'amount: Too small: expected number to be >0' }],
      });
      const failed = await callTool(mine, 'order-refund', {
        orderNumber: 'ORD-1003',
        reason: 'damaged',
        confirmed: true,
      });
      expect(failed).toMatchObject({ isError: true, structuredContent: { state: 'failed' } });
      expect(failed.content[0].text).toContain('paying back failed');
      await expect(callTool(mine, 'no-such-agent', {})).rejects.toThrow('There is no tool "no-such-agent"');
    });

    it('a question is asked of the user, and the answer taken on any host', async () => {
      answer = 'yes, have fun';
      const approved = await callTool(mine, 'expense-approval', chair);
      expect(approved.structuredContent).toMatchObject({
        state: 'completed',
        message: expect.stringContaining('Comment: have fun'),
      });
      expect(asked.at(-1)).toContain('Do you approve it?');
    });

    it('a question that the user declines, or that cannot be asked, is answered later', async () => {
      answer = null;
      for (const client of [mine, silent]) {
        const waiting = await callTool(client, 'expense-approval', chair);
        expect(waiting).toMatchObject({ structuredContent: { state: 'input-required' } });
        expect(waiting.isError).toBeFalsy();
        const { taskId } = waiting.structuredContent;
        expect(JSON.stringify(waiting.content)).toContain('continue_task');
        expect(await callTool(theirs, 'continue_task', { taskId, answer: 'yes' })).toMatchObject({
          isError: true,
          content: [{ text: 'Task not found' }],
        });
        const done = await callTool(silent, 'continue_task', { taskId, answer: 'no' });
        expect(done.structuredContent).toMatchObject({ taskId, state: 'completed' });
        expect((await callTool(silent, 'continue_task', { taskId })).structuredContent).toEqual(
          done.structuredContent,
        );
      }
    });

    it('progress is told as it is made, with the task’s id', async () => {
      const told: Wire[] = [];
      const document = '# A\none\n# B\ntwo\n# C\nthree\n';
      const onprogress = (each: Wire) => told.push(each);
      const done = await callTool(
        mine,
        'document-digest',
        { message: document },
        { onprogress },
        { pauseMs: 50 },
      );
      expect(done.structuredContent.state).toBe('completed');
      expect(told.map(({ message }) => message)).toContain('Counted 1 of 3 sections');
      expect(told.map(({ progress }) => progress)).toEqual(
        [...new Set(told.map(({ progress }) => progress))].sort(),
      );
    });

    it('the same call again, by its message id, is the same task', async () => {
      const meta = { 'workflow-agent-host.dev/messageId': crypto.randomUUID() };
      const first = await callTool(silent, 'expense-approval', chair, undefined, meta);
      const again = await callTool(silent, 'expense-approval', chair, undefined, meta);
      expect(again.structuredContent).toEqual(first.structuredContent);
      const canceled = await callTool(silent, 'cancel_task', { taskId: first.structuredContent.taskId });
      expect(canceled.structuredContent.state).toBe('canceled');
    });

    it('a call that is canceled cancels its task', async () => {
      const controller = new AbortController();
      let begun: (taskId: string) => void = () => {};
      const taskId = new Promise<string>((resolve) => {
        begun = resolve;
      });
      const onprogress = (each: Wire) => begun(each._meta?.['workflow-agent-host.dev/task'].taskId);
      const pending = callTool(
        mine,
        'document-digest',
        { message: '# A\none\n# B\ntwo\n' },
        { onprogress, signal: controller.signal },
        { pauseMs: 60_000 },
      );
      const id = await taskId;
      controller.abort();
      await expect(pending).rejects.toThrow();
      const ended = await callTool(mine, 'continue_task', { taskId: id });
      expect(ended).toMatchObject({ isError: true, structuredContent: { state: 'canceled' } });
    });

    it('without a credential nothing is reached', async () => {
      const { status, headers } = await post(`${one.url}/mcp`, {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
      });
      expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
    });
  },
);
