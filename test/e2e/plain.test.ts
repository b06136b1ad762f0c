/** Workflows that know nothing of tasks, published as they are, with a worker of their own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorker } from '../../src/library/worker.ts';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, runProduct, startProduct } from '../support/product.ts';
import { agentUrl, call, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog } from '../support/tasks.ts';
import { until } from '../support/until.ts';
import * as activities from './fixtures/plain-worker/activities.ts';
import { payloadCodecs } from './fixtures/plain-worker/codec.mjs';

const path = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const v1 = { version: '1.0' };

let ground: TestGround;
let product: Product;
let connection: NativeConnection;
let client: Client;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  installRuntime(silentLog);
  ground = await startGround();
  connection = await NativeConnection.connect({ address: ground.temporalAddress });
  client = new Client({ connection });
  await connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: { Customer: 2, Count: 3 },
  });
  const bundling = bundleWorkflows({ workflowFiles: [path('plain-worker/workflows.ts')] });
  [product, worker] = await Promise.all([
    startProduct({ ...ground.env, WORKFLOWS: path('plain'), DATA_CONVERTER: path('plain-worker/codec.mjs') }),
    bundling.then((workflowBundle) =>
      Worker.create({
        connection,
        taskQueue: 'company',
        workflowBundle,
        dataConverter: { payloadCodecs },
        ...createWorker({ activities }),
      }),
    ),
  ]);
  running = worker.run();
});

afterAll(async () => {
  await killAllProducts();
  worker?.shutdown();
  await running;
  await connection?.close();
  await ground?.stop();
});

const url = (code: string) => agentUrl(product.url, code);

async function send(code: string, parts: Wire[] | string, extra: Wire = {}): Promise<Wire> {
  return (await call(url(code), 'SendMessage', { message: userMessage(parts, extra) }, v1)).task;
}

/** Sends without waiting for more than the task. */
async function begin(code: string, parts: Wire[] | string): Promise<Wire> {
  const configuration = { returnImmediately: true };
  return (await call(url(code), 'SendMessage', { message: userMessage(parts), configuration }, v1)).task;
}

const get = (code: string, id: string): Promise<Wire> => call(url(code), 'GetTask', { id }, v1);

const reaches = (code: string, id: string, state: string): Promise<Wire> =>
  until(`${code} ${state}`, async () => {
    const task = await get(code, id);
    return task.status.state === `TASK_STATE_${state}` ? task : undefined;
  });

const textOf = (task: Wire): string => task.status.message?.parts[0].text;

/** Each is published as a child of its task, and as one of a minute at most, which is none. */
const both = (...codes: string[]) => codes.flatMap((code) => [code, `${code}-brief`]);

describe('arguments and results', () => {
  it.each(both('price-order'))(
    'by mapping: data in, text and data out, memo and search attributes beside: %s',
    async (code) => {
      const task = await send(code, [{ data: { sku: 'chair', count: 3, customer: 'ada' } }]);
      expect(task.status.state).toBe('TASK_STATE_COMPLETED');
      expect(textOf(task)).toBe('3 of chair cost 15 EUR.');
      expect(task.artifacts).toMatchObject([
        {
          name: 'price',
          parts: [{ data: { total: 15, currency: 'EUR', memo: { customer: 'ada', task: task.id } } }],
        },
      ]);
      const described = await client.workflow.getHandle(`agent-plain/${task.id}`).describe();
      expect(described.searchAttributes).toMatchObject({ Customer: ['ada'] });
    },
  );

  it('by functions', async () => {
    const task = await send('quoter', '4 chairs');
    expect(task.artifacts).toMatchObject([
      { name: 'result', parts: [{ text: '20 EUR' }, { data: { total: 20 } }] },
    ]);
  });

  it.each(both('shout'))('by nothing: text in, text out: %s', async (code) => {
    expect(textOf(await send(code, 'hello'))).toBe('HELLO');
  });

  it('a message that does not fit is refused before anything starts', async () => {
    const refused = async (code: string, parts: Wire[] | string) => {
      const { body } = await rpc(url(code), 'SendMessage', { message: userMessage(parts) }, v1);
      return [body.error.code, body.error.message];
    };
    expect(await refused('price-order', [{ data: { sku: 'chair', count: 0 } }])).toEqual([
      -32602,
      expect.stringMatching(/^message\.parts\[0\]\.data\.count: /),
    ]);
    expect(await refused('price-order', 'three chairs')).toEqual([
      -32602,
      'message: cannot be mapped: $.data.sku is missing',
    ]);
    expect(await refused('quoter', 'some chairs')).toEqual([
      -32602,
      expect.stringMatching(/such as "3 chairs"/),
    ]);
  });

  it('a search attribute that Temporal would not take refuses the message', async () => {
    const sent = async (metadata: Wire) => {
      const { body } = await rpc(
        url('tagged'),
        'SendMessage',
        { message: userMessage('x', { metadata }) },
        v1,
      );
      return body.error ? [body.error.code, body.error.message] : body.result.task.status.state;
    };
    const refused = (problem: string) => [-32602, `message: cannot be mapped: search attribute ${problem}`];
    expect(await sent({ count: 3, customer: null })).toBe('TASK_STATE_COMPLETED');
    expect(await sent({ count: 'abc' })).toEqual(refused('Count must be a whole number of 64 bits'));
    expect(await sent({ count: [1, 2] })).toEqual(refused('Count is a whole number of 64 bits, not a list'));
    expect(await sent({ customer: 'x'.repeat(5_000) })).toEqual(
      refused('Customer has 5004 bytes as JSON, at most 2048 are taken'),
    );
  });

  it('the card shows the input as its file gives it', async () => {
    const card = (await (await fetch(`${url('price-order')}/.well-known/agent-card.json`)).json()) as Wire;
    const schemas = card.capabilities.extensions.flatMap((extension: Wire) => extension.params?.schema ?? []);
    expect(schemas).toMatchObject([{ required: ['sku', 'count'], properties: { count: { minimum: 1 } } }]);
  });
});

describe('what payloads are encoded as', () => {
  const CHAIR = '{"sku":"chair"}';

  it.each(both('encoded'))('a protobuf message is its JSON: %s', async (code) => {
    const task = await send(code, 'json/protobuf');
    expect(task.artifacts).toMatchObject([{ name: 'result', parts: [{ data: { sku: 'chair' } }] }]);
    const shown = await send('shown', 'json/protobuf');
    expect([textOf(shown), shown.artifacts[0].parts[0].data]).toEqual([CHAIR, { sku: 'chair' }]);
  });

  it.each(both('encoded'))('bytes are bytes: %s', async (code) => {
    const raw = Buffer.from(CHAIR).toString('base64');
    const task = await send(code, 'binary/plain');
    expect(task.artifacts).toMatchObject([{ name: 'result', parts: [{ raw }] }]);
    const shown = await send('shown', 'binary/plain');
    expect([textOf(shown), shown.artifacts[0].parts[0]]).toEqual([raw, expect.objectContaining({ raw })]);
    expect(textOf(await send('bytes', 'binary/plain'))).toBe(CHAIR);
  });

  it.each(both('encoded'))(
    'one that the host does not know fails the task, by its name: %s',
    async (code) => {
      const task = await send(code, 'binary/locked');
      expect([task.status.state, textOf(task)]).toEqual([
        'TASK_STATE_FAILED',
        expect.stringMatching(/^The result of Encoded cannot be read here: .*binary\/locked$/),
      ]);
      expect(textOf(await send(code, 'binary/failed'))).toBe('Broken');
    },
  );

  it.each(both('shout'))(
    'what the codecs of DATA_CONVERTER seal is not in Temporal in clear: %s',
    async (code) => {
      const task = await send(code, 'a Secret');
      expect(textOf(task)).toBe('A SECRET');
      for (const workflowId of [`agent-task/${task.id}`, `agent-plain/${task.id}`]) {
        const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
        // As JSON a payload is base64.
        const text = JSON.stringify(events).replace(/"(?:data|encoding)":"([^"]+)"/g, (_, bytes: string) =>
          Buffer.from(bytes, 'base64').toString(),
        );
        expect(text).toContain('binary/sealed');
        expect(text).not.toMatch(/secret/i);
      }
    },
  );
});

describe('failures', () => {
  it.each([
    ['its own', { sku: 'chair', count: 101 }, 'Nobody has 101 of chair'],
    ['an activity’s', { sku: 'gone', count: 1 }, 'The shelf of gone is empty'],
  ])('%s cause is told', async (_, data, cause) => {
    for (const code of both('price-order')) {
      const task = await send(code, [{ data }]);
      expect(task.status.state).toBe('TASK_STATE_FAILED');
      expect(textOf(task)).toBe(cause);
    }
  });

  it.each(['slow', 'slow-child'])('its execution timeout: %s', async (code) => {
    const task = await send(code, 'x');
    expect([task.status.state, textOf(task)]).toEqual(['TASK_STATE_FAILED', 'Workflow Stubborn timed out']);
  });

  it.each(both('polite'))('an operator’s termination: %s', async (code) => {
    const { id } = await begin(code, 'x');
    await until('its start', () => terminate(id));
    expect(textOf(await reaches(code, id, 'FAILED'))).toBe('Workflow Polite was terminated by an operator');
  });
});

const terminate = (id: string): Promise<true | undefined> =>
  client.workflow
    .getHandle(`agent-plain/${id}`)
    .terminate()
    .then(
      () => true as const,
      () => undefined,
    );

describe('cancel', () => {
  const cancel = (code: string, id: string) => call(url(code), 'CancelTask', { id }, v1);

  it.each(both('polite'))('waits for the workflow’s own clean-up: %s', async (code) => {
    const { id } = await begin(code, 'x');
    await until('its first step', () => itRuns(id));
    activities.notes.length = 0;
    expect((await cancel(code, id)).status.state).toBe('TASK_STATE_CANCELED');
    expect(activities.notes).toContain('cleaned up');
    expect((await client.workflow.getHandle(`agent-plain/${id}`).describe()).status.name).toBe('CANCELLED');
  });

  it.each(both('stubborn', 'nobody'))('is bounded: %s', async (code) => {
    const { id } = await begin(code, 'x');
    await reaches(code, id, 'WORKING');
    expect((await cancel(code, id)).status.state).toBe('TASK_STATE_CANCELED');
  });
});

const itRuns = (id: string): Promise<true | undefined> =>
  client.workflow
    .getHandle(`agent-plain/${id}`)
    .describe()
    .then(
      ({ historyLength }) => (historyLength > 3 ? (true as const) : undefined),
      () => undefined,
    );

describe('questions', () => {
  const answer = (code: string, taskId: string, text: string) => send(code, text, { taskId });

  it('a query tells them and an update takes the answers; one that it refuses is asked for again', async () => {
    const asked = await send('approve', [{ data: { amount: 2_000 } }]);
    expect([asked.status.state, textOf(asked)]).toEqual([
      'TASK_STATE_INPUT_REQUIRED',
      'May the head pay 2000?',
    ]);
    const again = await answer('approve', asked.id, 'perhaps');
    expect(textOf(again)).toBe('That was not taken: only yes or no\nMay the head pay 2000?');
    expect(textOf(await answer('approve', asked.id, 'yes'))).toBe('May the board pay 2000?');
    const done = await answer('approve', asked.id, 'yes');
    expect([done.status.state, textOf(done)]).toEqual(['TASK_STATE_COMPLETED', 'Approved']);
  });

  it('a signal takes them, in the run of the workflow that asks', async () => {
    const asked = await send('collect', 'go');
    expect(textOf(asked)).toBe('Who? I have 0.');
    expect(textOf(await answer('collect', asked.id, 'Ada'))).toBe('Who? I have 1.');
    expect(textOf(await answer('collect', asked.id, 'Grace'))).toBe('Ada and Grace');
  });

  it('one that was answered elsewhere is withdrawn', async () => {
    const asked = await send('approve', [{ data: { amount: 5 } }]);
    await client.workflow.getHandle(`agent-plain/${asked.id}`).executeUpdate('decide', { args: ['no'] });
    expect(textOf(await reaches('approve', asked.id, 'COMPLETED'))).toBe('Refused by the head');
  });

  it('a query that fails at first is asked again', async () => {
    const asked = await send('loading', [{ data: 1_500 }]);
    expect([asked.status.state, textOf(asked)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'Which one?']);
    expect(textOf(await answer('loading', asked.id, 'this'))).toBe('It is this');
  });

  it('a query that goes on failing, or is not there: the task says so and the workflow goes on', async () => {
    const [throwing, missing, mute] = await Promise.all([
      begin('loading', [{ data: 0 }]),
      begin('unasked', 'x'),
      begin('mute', 'x'),
    ]);
    const says = (code: string, { id }: Wire) =>
      until(`${code} says so`, async () => {
        const { status } = await get(code, id);
        return status.message && [status.state, status.message.parts[0].text];
      });
    expect(await says('loading', throwing)).toEqual([
      'TASK_STATE_WORKING',
      'Its questions cannot be read: the query state: the state is not loaded',
    ]);
    expect(await says('unasked', missing)).toEqual([
      'TASK_STATE_WORKING',
      expect.stringMatching(/^Its questions cannot be read: the query nowhere: .*nowhere/),
    ]);
    expect((await says('mute', mute))?.[1]).toBe(
      'Its questions cannot be read: what the query state answers: Unknown encoding: binary/locked',
    );
    await client.workflow.getHandle(`agent-plain/${throwing.id}`).signal('answer', 'elsewhere');
    expect(textOf(await reaches('loading', throwing.id, 'COMPLETED'))).toBe('Done unasked');
    expect((await client.workflow.getHandle(`agent-plain/${missing.id}`).describe()).status.name).toBe(
      'RUNNING',
    );
  });

  it('a cancel while it asks', async () => {
    const asked = await send('approve', [{ data: { amount: 5 } }]);
    const canceled = await call(url('approve'), 'CancelTask', { id: asked.id }, v1);
    expect(canceled.status.state).toBe('TASK_STATE_CANCELED');
  });
});

describe('a task whose workflow is reset to its beginning', () => {
  /** As an operator does it. */
  async function reset(id: string): Promise<void> {
    const workflowId = `agent-task/${id}`;
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await client.workflow.getHandle(workflowId).describe();
    await connection.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      reason: 'test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: first?.eventId ?? null,
    });
  }

  const runOf = async (id: string) => (await client.workflow.getHandle(`agent-plain/${id}`).describe()).runId;

  it('goes on with the workflow that runs already, its questions and its end', async () => {
    const asked = await send('approve', [{ data: { amount: 5 } }]);
    const run = await runOf(asked.id);
    await reset(asked.id);
    const again = await until('it asks again', async () => {
      const task = await get('approve', asked.id);
      const isNew = task.status.message?.messageId !== asked.status.message.messageId;
      return isNew && task.status.state === 'TASK_STATE_INPUT_REQUIRED' ? task : undefined;
    });
    expect(textOf(again)).toBe('May the head pay 5?');
    await send('approve', 'yes', { taskId: asked.id });
    expect(textOf(await reaches('approve', asked.id, 'COMPLETED'))).toBe('Approved');
    expect(await runOf(asked.id)).toBe(run);
  });

  it('a cancel reaches it, and its failure is told', async () => {
    const [canceled, ended] = await Promise.all([begin('polite', 'x'), begin('polite', 'x')]);
    for (const { id } of [canceled, ended]) {
      await until('its first step', () => itRuns(id));
      await reset(id);
      await until('it is followed', async () => {
        const { raw } = await client.workflow.getHandle(`agent-task/${id}`).describe();
        return raw.pendingActivities?.length ? true : undefined;
      });
    }
    const { status } = await call(url('polite'), 'CancelTask', { id: canceled.id }, v1);
    expect(status.state).toBe('TASK_STATE_CANCELED');
    expect((await client.workflow.getHandle(`agent-plain/${canceled.id}`).describe()).status.name).toBe(
      'CANCELLED',
    );
    await terminate(ended.id);
    expect(textOf(await reaches('polite', ended.id, 'FAILED'))).toBe(
      'Workflow Polite was terminated by an operator',
    );
  });
});

describe('a workflow that keeps the contract', () => {
  it('asks, takes the answer and ends', async () => {
    const asked = await send('contract', 'go');
    expect([asked.status.state, textOf(asked)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'And now?']);
    const done = await send('contract', 'this', { taskId: asked.id });
    expect([done.status.state, textOf(done)]).toEqual(['TASK_STATE_COMPLETED', 'Done']);
    expect(done.artifacts).toMatchObject([{ artifactId: 'a', parts: [{ text: 'this' }] }]);
    expect(done.history.map((message: Wire) => message.parts[0].text)).toEqual([
      'go',
      'And now?',
      'this',
      'Done',
    ]);
  });

  it.each([
    ['misspell', /^projectChange: status\.state: /],
    ['steal', /^A workflow reports of its own task only$/],
  ])('is told what is wrong with a report: %s', async (wish, problem) => {
    const task = await send('contract', wish);
    expect(task.status.state).toBe('TASK_STATE_FAILED');
    expect(textOf(task)).toMatch(problem);
  });
});

it('a workflow made with the kit, on a worker of one’s own that has no database', async () => {
  const asked = await send('kit', 'go');
  expect([asked.status.state, textOf(asked)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'Which colour?']);
  const done = await send('kit', 'blue', { taskId: asked.id });
  expect([done.status.state, textOf(done)]).toEqual(['TASK_STATE_COMPLETED', 'It is blue']);
  expect(done.artifacts).toMatchObject([{ name: 'colour', parts: [{ data: 'blue' }] }]);
});

it('a search attribute that is not registered: publishing is refused, and doctor names it', async () => {
  const skills = [{ id: 'do', name: 'Do', description: 'Does it.', tags: ['test'] }];
  const plain = { workflowType: 'Shout', taskQueue: 'company', searchAttributes: { Nowhere: '$.text' } };
  const about = { code: 'unfound', name: 'x', description: 'x', version: '1.0.0', skills };
  const response = await fetch(`${product.url}/v1/admin/agents`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ agents: [{ ...about, plain }] }),
  });
  expect([response.status, JSON.stringify(await response.json())]).toEqual([
    400,
    expect.stringContaining('plain.searchAttributes.Nowhere: is not registered in the namespace'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  await writeFile(join(folder, 'agents.json'), JSON.stringify({ agents: [{ ...about, plain }] }));
  const env = { TEMPORAL_ADDRESS: ground.temporalAddress, WORKFLOWS: folder };
  const { stdout } = await runProduct(['--json', 'doctor'], env);
  await rm(folder, { recursive: true });
  expect(JSON.parse(stdout).checks).toContainEqual(
    expect.objectContaining({
      name: 'search attributes',
      result: 'wrong',
      detail: 'not registered in the namespace: Nowhere, which unfound sets',
    }),
  );
});

it('a task queue that nobody polls is named by readyz, doctor and the metrics while work waits for it', async () => {
  const skills = [{ id: 'do', name: 'Do', description: 'Does it.', tags: ['test'] }];
  const plain = { workflowType: 'Shout', taskQueue: 'nobodys' };
  const about = { code: 'unpolled', name: 'x', description: 'x', version: '1.0.0', skills };
  const published = await fetch(`${product.url}/v1/admin/agents`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ agents: [{ ...about, plain }] }),
  });
  expect(published.ok).toBe(true);
  await begin('unpolled', 'x');
  const stuck = await until('it is named', async () => {
    const ready = (await (await fetch(`${product.url}/readyz`)).json()) as Wire;
    return ready.stuck.length > 0 ? ready.stuck : undefined;
  });
  // Those that are polled are not.
  expect(stuck).toEqual([
    {
      queue: 'nobodys',
      agents: ['unpolled'],
      problem: 'no worker polls the task queue nobodys for workflows',
    },
  ]);
  const { code, stdout } = await runProduct(['--json', 'doctor', '--url', product.url], ground.env);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).checks).toContainEqual(
    expect.objectContaining({
      name: 'task queue',
      detail: expect.stringMatching(/^nobodys: tasks of unpolled/),
    }),
  );
  const scrape = await (await fetch(`${product.url}/metrics`)).text();
  expect(scrape).toMatch(/^agent_host_task_queue_pollers\{task_queue="nobodys",kind="workflow"\} 0$/m);
  expect(scrape).toMatch(/^agent_host_task_queue_pollers\{task_queue="agents",kind="activity"\} [1-9]/m);
});

it('discover lists what runs beside the host, and drafts how it is published', async () => {
  const out = join(tmpdir(), `agents-${randomUUID()}.yaml`);
  await client.workflow.execute('Shout', { taskQueue: 'company', workflowId: 'theirs', args: ['x'] });
  const env = { TEMPORAL_ADDRESS: ground.temporalAddress };
  const args = ['--json', 'discover', '--out', out];
  // Its visibility is a moment behind.
  const { workflows } = await until('the workflow is listed', async () => {
    await rm(out, { force: true });
    const { stdout } = await runProduct(args, env);
    const found = JSON.parse(stdout);
    return found.workflows.some(isShout) ? found : undefined;
  });
  expect(workflows.find(isShout)).toMatchObject({ args: 1, count: expect.any(Number), child: false });
  expect(workflows.map(({ workflowType }: Wire) => workflowType)).not.toContain('plainAgent');
  expect(await readFile(out, 'utf8')).toMatch(/code: shout\n/);
  expect(await runProduct(args, env)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('there already'),
  });
  await rm(out);
});

const isShout = ({ workflowType, taskQueue }: Wire): boolean =>
  workflowType === 'Shout' && taskQueue === 'company';
