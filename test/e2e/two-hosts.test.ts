import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@modelcontextprotocol/client';
import { Connection, Client as TemporalClient } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { GatewayClient } from '../support/gateway.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { keysOn } from '../support/keys.ts';
import { type McpCaller, mcpClient } from '../support/mcp.ts';
import { killAllProducts, type Product, runJson, startProduct } from '../support/product.ts';
import { agentUrl, post, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog } from '../support/tasks.ts';
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
  await killAllProducts();
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

  it('what is open on one ends when its agent is blocked on the other', async () => {
    const code = 'document-digest';
    const sent = userMessage('# A\n1\n# B\n2\n# C\n3\n# D\n4\n', { metadata: { pauseMs: 10_000 } });
    const sending = stream(agentUrl(other.url, code), 'SendStreamingMessage', { message: sent }, V1);
    const { id } = (await sending.next()).value.task;
    const lines = async (path: string, init?: RequestInit) =>
      (await fetch(`${other.url}${path}`, init)).body as unknown as AsyncIterable<unknown>;
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    const streams: [string, AsyncIterable<unknown>][] = [
      ['A2A', sending],
      ['gateway', await lines(`/v1/agents/${code}/tasks/${id}/subscribe`, json)],
      ['invoke', await lines(`/v1/a2a/tasks/${id}/stream`)],
    ];
    const ended: string[] = [];
    const reading = streams.map(async ([name, events]) => {
      for await (const _ of events);
      ended.push(name);
    });
    const operator = new GatewayClient(one.url);
    expect(ended).toEqual([]);
    await operator.post(`/admin/agents/${code}/block`, { reason: 'a test' });
    // Within a second; more is for a busy machine, and far less than the agent's own pause.
    await until('they have ended', () => ended.length === streams.length || undefined, 5_000);
    await Promise.all(reading);
    await operator.post(`/admin/agents/${code}/unblock`, { reason: 'a test' });
    await until('it is unblocked', async () => {
      const answer = await rpc(agentUrl(other.url, code), 'CancelTask', { id }, V1);
      return answer.body.result?.status.state === 'TASK_STATE_CANCELED' || undefined;
    });
  });
});

describe('agents that are published at run time', () => {
  let folder: string;
  let connection: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;

  beforeAll(async () => {
    installRuntime(silentLog);
    folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
    connection = await NativeConnection.connect({ address: ground.temporalAddress });
    const workflows = fileURLToPath(new URL('./fixtures/plain-worker/workflows.ts', import.meta.url));
    const workflowBundle = await bundleWorkflows({ workflowFiles: [workflows] });
    worker = await Worker.create({ connection, taskQueue: 'company', workflowBundle, activities: {} });
    running = worker.run();
  });

  afterAll(async () => {
    worker?.shutdown();
    await running;
    await connection?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** An agents.yaml with the workflow Approve; `said` is how this version words its end. */
  const approver = (version: string, said: string, more: Wire = {}): Wire => ({
    code: 'approver',
    name: 'Approver',
    description: 'Has payments approved.',
    version,
    skills: [{ id: 'approve', name: 'Approve', description: 'Approves payments.', tags: ['quittance'] }],
    plain: {
      workflowType: 'Approve',
      taskQueue: 'company',
      args: ['$.data.amount'],
      result: { text: `${said}: {{ $.result }}` },
      waitsFor: { query: 'pending', update: 'decide', args: ['$.text'] },
    },
    ...more,
  });
  const publish = async (agent: Wire, host = one): Promise<Wire> => {
    const file = join(folder, 'agents.yaml');
    await writeFile(file, JSON.stringify({ agents: [agent] }));
    return runJson(['publish', file], { AGENT_HOST_URL: host.url });
  };
  const of = async (host: Product, method: string, params: Wire): Promise<Wire> =>
    (await rpc(agentUrl(host.url, 'approver'), method, params, V1)).body;
  const send = async (host: Product, parts: Wire, extra: Wire = {}): Promise<Wire> => {
    const { result, error } = await of(host, 'SendMessage', { message: userMessage(parts, extra) });
    if (error) throw new Error(`${error.code}: ${error.message}`);
    return result.task;
  };
  const pay = (host: Product): Promise<Wire> => send(host, [{ data: { amount: 7 } }]);
  const cardOn = async ({ url }: Product): Promise<Wire> => {
    const answer = await fetch(`${agentUrl(url, 'approver')}/.well-known/agent-card.json`);
    return answer.status === 200 ? answer.json() : answer.status;
  };
  /** Within a second; more is for a busy machine. */
  const soon = <T>(what: string, probe: () => Promise<T | undefined>) => until(what, probe, 5_000);
  const versionOn = (host: Product, version: string) =>
    soon(`version ${version}`, async () => ((await cardOn(host)).version === version ? true : undefined));
  const foundOn = async ({ url }: Product): Promise<string[]> =>
    (await post(`${url}/orchestrator/a2a/v1/agents/search`, { query: 'quittance' })).body.resources.map(
      ({ id }: Wire) => id,
    );
  const textOf = ({ status }: Wire): string => status.message.parts[0].text;
  let old: Wire;
  const begins = userMessage([{ data: { amount: 7 } }]);

  it('are served by every host, on every surface', async () => {
    expect(await publish(approver('1.0.0', 'first'))).toEqual({
      agents: [{ agent_id: 'approver', version: '1.0.0', changed: true }],
    });
    expect(await foundOn(one)).toEqual(['approver']);
    await versionOn(other, '1.0.0');
    expect((await cardOn(other)).signatures).toHaveLength(1);
    expect(await foundOn(other)).toEqual(['approver']);
    const gateway = await fetch(`${other.url}/v1/agents/approver`);
    expect(await gateway.json()).toMatchObject({ agent_id: 'approver', kind: 'workflow', version: '1.0.0' });
    const client = await mcpClient({ hosts: [other.url], version: 'newest' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('approver');
    await client.close();
    old = await send(other, begins.parts, { messageId: begins.messageId });
    expect(textOf(old)).toBe('May the head pay 7?');
  });

  it('are refused by the field that is wrong, and by what is there', async () => {
    const refused = async (agent: Wire) => {
      const { status, body } = await post(`${one.url}/v1/admin/agents`, { agents: [agent] });
      return `${status} ${body.error.message}`;
    };
    const approve = approver('2.0.0', 'x');
    expect(await refused({ ...approve, plain: { ...approve.plain, timeout: 'soon' } })).toContain(
      '400 agent "approver": plain.timeout: must be a duration',
    );
    expect(await refused({ ...approve, provider: 'nobody' })).toBe(
      '400 agent "approver": provider: there is no provider "nobody"',
    );
    expect(await refused({ ...approve, name: 'a\0b' })).toBe(
      '400 agent "approver": name: is not well-formed text',
    );
    const beside = await post(`${one.url}/v1/admin/agents`, { agents: [approve], dry_run: true });
    expect([beside.status, beside.body.error.message]).toEqual([400, expect.stringContaining('dry_run')]);
    expect(await refused({ ...approve, code: 'echo' })).toContain('409 agent "echo": code: is taken');
    expect(await refused(approver('1.0.0', 'other'))).toContain(
      '409 agent "approver": version: 1.0.0 is published with other content',
    );
    const again = await publish(approver('1.0.0', 'first'));
    expect(again.agents[0].changed).toBe(false);
  });

  it('a new version takes the new tasks, and those under way end on theirs', async () => {
    await publish(approver('2.0.0', 'second', { deprecated: 'Use expense-approval.' }), other);
    await versionOn(one, '2.0.0');
    expect((await cardOn(one)).capabilities.extensions).toContainEqual(
      expect.objectContaining({ description: 'Deprecated: Use expense-approval.' }),
    );
    const task = await pay(one);
    expect(textOf(await send(one, 'yes', { taskId: task.id }))).toBe('second: Approved');
    const { body } = await post(`${one.url}/v1/agents/approver/invoke`, { input: { amount: 8 } });
    expect(body.status).toBe('input-required');
    await of(one, 'CancelTask', { id: body.task_id });
  });

  it('unpublished, they take no new task, go on with the old ones, and are gone then', async () => {
    await runJson(['unpublish', 'approver'], { AGENT_HOST_URL: other.url });
    await soon('no new task on either', async () => {
      const refused = await Promise.all([one, other].map((host) => pay(host).catch(String)));
      return (
        refused.every((each) => String(each).includes('-32004: The agent is being unpublished')) || undefined
      );
    });
    expect(await foundOn(one)).toEqual([]);
    const gateway = new GatewayClient(other.url);
    expect(await gateway.invoke('approver', { input: { amount: 7 } })).toMatchObject({
      status: 409,
      body: { error: { code: 'agent_draining' } },
    });
    const invoked = await post(`${one.url}/v1/a2a/invoke`, {
      jsonrpc: '2.0',
      id: 1,
      method: 'a2a.sendMessage',
      params: { agentId: 'approver', message: { role: 'user', parts: [{ data: { amount: 7 } }] } },
    });
    expect(invoked.body.error).toMatchObject({ code: -32001, message: expect.stringMatching(/^agentId: /) });
    const again = await send(one, begins.parts, { messageId: begins.messageId });
    expect(again.id).toBe(old.id);
    expect(textOf(await send(one, 'yes', { taskId: old.id }))).toBe('first: Approved');
    const { schedule } = new TemporalClient({ connection });
    await until('it is gone', async () => {
      await schedule.getHandle('agent-host/purge').trigger();
      const cards = await Promise.all([cardOn(one), cardOn(other)]);
      return cards.every((card) => card === 404) || undefined;
    });
    // What it was asked and said stays its caller's to read.
    for (const host of [one, other]) {
      expect(textOf((await of(host, 'GetTask', { id: old.id })).result)).toBe('first: Approved');
      await expect(pay(host)).rejects.toThrow('-32004: The agent is unpublished: it takes no new tasks');
    }
    expect((await gateway.post(`/agents/approver/tasks/${old.id}/get`, {})).body).toMatchObject({
      status: 'completed',
    });
    expect((await gateway.invoke('approver', { input: { amount: 7 } })).status).toBe(404);
    const read = (await (await fetch(`${one.url}/v1/a2a/tasks/${old.id}`)).json()) as Wire;
    expect(read).toMatchObject({ agentId: 'approver', status: 'COMPLETED' });
    const versions = (await gateway.get('/admin/agents')).body.agents;
    expect(versions).toEqual(
      ['2.0.0', '1.0.0'].map((version) => ({
        agent_id: 'approver',
        version,
        status: 'unpublished',
        deprecated: version === '2.0.0' ? 'Use expense-approval.' : null,
        published_by: 'local',
        published_at: expect.any(String),
      })),
    );
    expect((await post(`${one.url}/v1/admin/agents`, { agents: [approver('2.0.0', 'x')] })).status).toBe(409);
    const audit = await fetch(`${one.url}/v1/admin/audit?limit=100`);
    const { entries } = (await audit.json()) as Wire;
    const told = entries.map(({ event, detail }: Wire) => [event, detail.id, detail.version]);
    expect(told.filter(([, id]: string[]) => id === 'approver').reverse()).toEqual([
      ['agent-publish', 'approver', '1.0.0'],
      ['agent-publish', 'approver', '2.0.0'],
      ['agent-unpublish', 'approver', undefined],
    ]);
  });

  it('a workflow is published at the gateway too, for a provider whose block holds for it everywhere', async () => {
    const [client, onOther] = [new GatewayClient(one.url), new GatewayClient(other.url)];
    await client.post('/providers', { provider_id: 'acme', name: 'Acme' });
    const workflow = {
      code: 'shouter',
      name: 'Shouter',
      description: 'Says it louder.',
      version: '1.0.0',
      skills: [{ id: 'shout', name: 'Shout', description: 'Says it louder.', tags: ['loud'] }],
      workflow_type: 'Shout',
      task_queue: 'company',
      args: ['{{ $.text }}!'],
      result: { text: 'It said {{ $.result }}', data: { said: '$.result' } },
    };
    const body = { workflow, provider_id: 'acme', review: { cost_per_call_units: 3 } };
    const refused = async (given: Wire) => {
      const { status, body: told } = await client.post('/agents', given);
      return `${status} ${told.error.message}`;
    };
    expect(await refused({ workflow: { ...workflow, task_queue: 'agents' } })).toMatch(
      /^400 workflow\.task_queue: /,
    );
    expect(await refused({ workflow: { ...workflow, args: ['$.nowhere'] } })).toMatch(
      /^400 workflow\.args\.0: /,
    );
    expect(await refused({ workflow: { ...workflow, code: 'Loud' } })).toMatch(/^400 workflow\.code: /);
    expect(await refused({ ...body, card_url: 'https://agents.example.com' })).toMatch(/^400 card_url: /);
    expect(await refused({ ...body, provider_id: 'nobody' })).toMatch(/^404 /);
    expect(await refused({ workflow: { ...workflow, code: 'echo' } })).toMatch(/^409 /);

    const made = await client.post('/agents', body);
    expect(made).toMatchObject({
      status: 201,
      body: {
        agent_id: 'shouter',
        provider_id: 'acme',
        kind: 'workflow',
        status: 'active',
        review: { risk_level: 'low', cost_per_call_units: 3 },
      },
    });
    expect(await refused(body)).toMatch(/^409 agent_id: /);
    const answered = await soon('it answers on the other host', async () => {
      const { status, body: answer } = await onOther.invoke('shouter', { message: 'hello' });
      return status === 200 ? answer : undefined;
    });
    expect(answered).toMatchObject({ message: 'It said HELLO!', output: { said: 'HELLO!' } });
    expect((await onOther.receipt(answered.receipt_id)).receipt).toMatchObject({
      provider_id: 'acme',
      cost_units: 3,
    });

    await client.post('/admin/providers/acme/block', { reason: 'a test' });
    const byProtocol = async (code: string) => (await post(agentUrl(other.url, code), {})).status;
    await soon('it is blocked', async () => (await byProtocol('shouter')) === 403 || undefined);
    expect(await byProtocol('echo')).not.toBe(403);
    await client.post('/admin/providers/acme/unblock', { reason: 'a test' });

    const remove = (code: string) => fetch(`${one.url}/v1/agents/${code}`, { method: 'DELETE' });
    const removed = await remove('shouter');
    expect({ status: removed.status, body: await removed.json() }).toEqual({
      status: 202,
      body: { agent_id: 'shouter', status: 'draining' },
    });
    expect((await client.get('/agents/shouter')).body.status).toBe('draining');
    expect((await client.post('/agents', body)).body).toMatchObject({
      agent_id: 'shouter',
      status: 'active',
    });
    expect((await remove('shouter')).status).toBe(202);
    expect((await remove('echo')).status).toBe(409);
    const { schedule } = new TemporalClient({ connection });
    await until('it is gone', async () => {
      await schedule.getHandle('agent-host/purge').trigger();
      return (await onOther.get('/agents/shouter')).status === 404 || undefined;
    });
  });

  it.runIf(process.env.FULL)(
    'a version that changes under load fails no task, and survives a restart',
    async () => {
      await publish(approver('3.0.0', 'third'));
      await versionOn(other, '3.0.0');
      let loading = true;
      const ended: string[] = [];
      const load = async (host: Product) => {
        while (loading) {
          const task = await pay(host);
          ended.push(textOf(await send(host, 'yes', { taskId: task.id })));
        }
      };
      const callers = [one, other, one, other].map(load);
      await until('some ended', () => ended.length > 20 || undefined);
      await publish(approver('4.0.0', 'fourth'), other);
      await Promise.all([versionOn(one, '4.0.0'), versionOn(other, '4.0.0')]);
      const [before, waiting] = [ended.length, await pay(one)];
      await until('some more ended', () => ended.length > before + 20 || undefined);
      loading = false;
      await Promise.all(callers);
      expect(ended.filter((text) => !/^(third|fourth): Approved$/.test(text))).toEqual([]);
      expect(ended.slice(before + callers.length).every((text) => text.startsWith('fourth'))).toBe(true);
      await other.end('SIGTERM');
      other = await startProduct({ ...ground.env, SEND_WAIT: '5' });
      expect((await cardOn(other)).version).toBe('4.0.0');
      expect(textOf(await send(other, 'yes', { taskId: waiting.id }))).toBe('fourth: Approved');
      await runJson(['unpublish', 'approver'], { AGENT_HOST_URL: one.url });
    },
  );
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

    it('clients are told of what is published and unpublished, and of nothing that they may not see', async () => {
      const keys = keysOn(ground.databaseUrl);
      const admin = await keys.make(`admin-${version}`, 'admin');
      const elsewhere = await keys.make(`elsewhere-${version}`, 'agents:invoke');
      await keys.close();
      const told = { mine: [] as string[][], theirs: [] as string[][] };
      const open = await Promise.all([
        connect(admin, { hosts: [one.url], toolsChanged: (names) => told.mine.push(names) }),
        connect(elsewhere, {
          hosts: [other.url],
          toolsChanged: (names) => told.theirs.push(names),
        }),
      ]);
      const headers = { authorization: `Bearer ${admin}` };
      const publish = async (code: string, more: Wire = {}) => {
        const agent = {
          code,
          name: code,
          description: 'x',
          version: '1.0.0',
          skills: [{ id: 'x', name: 'x', description: 'x', tags: [] }],
          plain: { workflowType: 'Approve', taskQueue: 'nobodys' },
          ...more,
        };
        const { body } = await post(`${one.url}/v1/admin/agents`, { agents: [agent] }, headers);
        expect(body).toMatchObject({ agents: [{ agent_id: code }] });
      };
      const bothKnow = (code: string, there: boolean) =>
        until(`${code} is ${there ? 'told' : 'gone'}`, () =>
          [told.mine, told.theirs].every((lists) => lists.at(-1)?.includes(code) === there)
            ? true
            : undefined,
        );
      // An older client opens its stream behind its back.
      let probe = '';
      await until('both streams are open', async () => {
        probe = `probe-${version}-${told.mine.length}-${told.theirs.length}`;
        await publish(probe);
        return told.mine.length > 0 && told.theirs.length > 0 ? true : undefined;
      });
      await bothKnow(probe, true);
      const before = told.theirs.length;
      await publish(`secret-${version}`, { access: { scopes: ['nobody'] } });
      await publish(`seen-${version}`);
      await bothKnow(`seen-${version}`, true);
      expect(told.mine.at(-1)).toContain(`secret-${version}`);
      expect(told.theirs.at(-1)).not.toContain(`secret-${version}`);
      expect(told.theirs).toHaveLength(before + 1);
      await fetch(`${other.url}/v1/admin/agents/seen-${version}`, { method: 'DELETE', headers });
      await bothKnow(`seen-${version}`, false);
      await Promise.all(open.map((client) => client.close()));
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
