/** The examples in Python and Go, run by real workers of theirs: plain and cooperating, over A2A and the gateway. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayClient } from '../support/gateway.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, call, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const examples = fileURLToPath(new URL('../../workflows/other-languages', import.meta.url));
const v1 = { version: '1.0' };
const FULL = Boolean(process.env.FULL);

const goBinary = join(tmpdir(), `agent-host-go-agents-${process.pid}`);

/** What builds a worker, and then runs it. Both keep what they were given by registries for the next time. */
const LANGUAGES = {
  python: {
    tool: 'python3',
    worker: async (): Promise<[string, ...string[]]> => {
      const venv = join(tmpdir(), 'agent-host-python-temporalio-1.35.0');
      const python = join(venv, 'bin/python');
      const requirements = join(examples, 'python/requirements.txt');
      const installed = join(venv, 'installed');
      if (!(await exists(installed))) {
        await run('python3', ['-m', 'venv', venv]);
        await run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
        await run('touch', [installed]);
      }
      return [python, join(examples, 'python/worker.py')];
    },
  },
  go: {
    tool: 'go',
    worker: async (): Promise<[string, ...string[]]> => {
      await run('go', ['build', '-o', goBinary, '.'], { cwd: join(examples, 'go') });
      return [goBinary];
    },
  },
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const isOnPath = (tool: string): boolean => spawnSync(tool, ['version']).error === undefined;

const all = ['python', 'go'] as const;
const there = all.filter((language) => isOnPath(LANGUAGES[language].tool));
/** Each language in the full run; one that is here in every run. */
const tried = FULL ? there : there.slice(0, 1);

let ground: TestGround;
let product: Product;

// One host for all languages: it knows nothing of them but their queues.
beforeAll(async () => {
  if (tried.length === 0) return;
  ground = await startGround();
  product = await startProduct({ ...ground.env, WORKFLOWS: examples });
});

afterAll(async () => {
  await endAllProducts();
  await ground?.stop();
});

for (const language of all.filter((each) => !there.includes(each))) {
  const why = `there is no ${LANGUAGES[language].tool} on the PATH`;
  it(`${language} is not tried here: ${why}`, ({ skip }) => skip(why));
}

describe.each(tried)('%s, with a worker of its own', (language) => {
  let child: ChildProcess | undefined;
  let missing: string | undefined;

  beforeAll(async () => {
    const prepared = await LANGUAGES[language].worker().catch((error: Error) => error);
    if (prepared instanceof Error) {
      missing = `what its worker needs cannot be installed: ${prepared.message}`;
      return;
    }
    const [command, ...args] = prepared;
    child = spawn(command, args, {
      env: { ...process.env, TEMPORAL_ADDRESS: ground.temporalAddress, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
    expect(line).toBe('ready');
  }, 1_200_000);

  beforeEach(({ skip }) => skip(missing !== undefined, missing));

  afterAll(async () => {
    child?.kill('SIGTERM');
    await rm(goBinary, { force: true });
  });

  const code = (name: string) => `${name}-${language}`;
  const url = (name: string) => agentUrl(product.url, code(name));
  const send = async (name: string, parts: Wire[] | string, extra: Wire = {}): Promise<Wire> =>
    (await call(url(name), 'SendMessage', { message: userMessage(parts, extra) }, v1)).task;
  const told = (task: Wire) => [task.status.state, task.status.message?.parts[0].text];
  const gateway = () => new GatewayClient(product.url);
  const begin = async (data: object): Promise<Wire> => {
    const params = { message: userMessage([{ data }]), configuration: { returnImmediately: true } };
    return (await call(url('convert'), 'SendMessage', params, v1)).task;
  };

  it('plain: completes', async () => {
    const task = await send('convert', [{ data: { amount: 10, to: 'USD' } }]);
    expect(told(task)).toEqual(['TASK_STATE_COMPLETED', '10 EUR are 12.5 USD.']);
    expect(task.artifacts[0].parts[0].data).toEqual({ amount: 12.5, currency: 'USD' });
  });

  it.runIf(FULL)('plain: fails with its cause', async () => {
    const task = await send('convert', [{ data: { amount: 10, to: 'XXX' } }]);
    expect(told(task)).toEqual(['TASK_STATE_FAILED', 'No rate is known for XXX']);
  });

  it.runIf(FULL)('plain: times out', async () => {
    const task = await send('convert', [{ data: { amount: 10, to: 'USD', settleSeconds: 60 } }]);
    expect(told(task)).toEqual(['TASK_STATE_FAILED', 'Workflow Convert timed out']);
  });

  it.runIf(FULL)('plain: is canceled', async () => {
    const { id } = await begin({ amount: 10, to: 'USD', settleSeconds: 60 });
    expect((await call(url('convert'), 'CancelTask', { id }, v1)).status.state).toBe('TASK_STATE_CANCELED');
  });

  it('cooperating: reports, asks and completes', async () => {
    const asked = await send('leave', '3 days in June');
    expect(told(asked)).toEqual(['TASK_STATE_INPUT_REQUIRED', 'Who stands in for you?']);
    const done = await send('leave', 'Ada', { taskId: asked.id });
    expect(told(done)).toEqual(['TASK_STATE_COMPLETED', '3 days in June: booked. Ada stands in.']);
    expect(done.artifacts[0].parts[0].data).toEqual({ wanted: '3 days in June', standIn: 'Ada' });
    expect(done.history.map((message: Wire) => message.parts[0].text)).toEqual([
      '3 days in June',
      'Who stands in for you?',
      'Ada',
      '3 days in June: booked. Ada stands in.',
    ]);
  });

  it.runIf(FULL)('cooperating: fails with its cause', async () => {
    const asked = await send('leave', '3 days in June');
    const failed = await send('leave', 'nobody', { taskId: asked.id });
    expect(told(failed)).toEqual(['TASK_STATE_FAILED', 'Nobody cannot stand in for anybody']);
  });

  it.runIf(FULL)('cooperating: is canceled while it asks', async () => {
    const { id } = await send('leave', '3 days in June');
    const canceled = await call(url('leave'), 'CancelTask', { id }, v1);
    expect(canceled.status.state).toBe('TASK_STATE_CANCELED');
  });

  it('through the gateway: completes, asks and fails', async () => {
    const converted = await gateway().invoke(code('convert'), { input: { amount: 10, to: 'CHF' } });
    expect(converted.body).toMatchObject({ status: 'completed' });
    const asked = await gateway().invoke(code('leave'), { message: '2 days in May' });
    expect(asked.body).toMatchObject({ status: 'input-required' });
    const { receipt } = await until('its receipt', () => gateway().final(converted.body.receipt_id));
    expect(receipt.status).toBe('succeeded');
    const failed = await gateway().invoke(code('convert'), { input: { amount: 10, to: 'XXX' } });
    expect(failed.body).toMatchObject({ status: 'failed', message: 'No rate is known for XXX' });
  });

  it.runIf(FULL)('through the gateway: an answer fails it', async () => {
    const { body: asked } = await gateway().invoke(code('leave'), { message: '2 days in May' });
    const answer = { message: 'nobody', task_id: asked.task_id };
    expect((await gateway().invoke(code('leave'), answer)).body).toMatchObject({
      status: 'failed',
      message: 'Nobody cannot stand in for anybody',
    });
  });

  it.runIf(FULL)('through the gateway: is canceled while it works, and while it asks', async () => {
    const { id } = await begin({ amount: 10, to: 'USD', settleSeconds: 60 });
    const { body: asked } = await gateway().invoke(code('leave'), { message: '2 days in May' });
    const cancel = (name: string, task: string) =>
      gateway().post(`/agents/${code(name)}/tasks/${task}/cancel`, {});
    expect((await cancel('convert', id)).body.status).toBe('canceled');
    expect((await cancel('leave', asked.task_id)).body.status).toBe('canceled');
  });

  it.runIf(FULL)('through the gateway: times out', async () => {
    const slow = { input: { amount: 10, to: 'USD', settleSeconds: 60 } };
    const { body } = await gateway().invoke(code('convert'), slow);
    expect(body).toMatchObject({ status: 'failed', message: 'Workflow Convert timed out' });
  });
});
