/** A plain workflow of a minute at most, whose host dies or whose task is reset: it runs once, and its end is told. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, call, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog } from '../support/tasks.ts';
import { until } from '../support/until.ts';
import * as activities from './fixtures/plain-worker/activities.ts';

const V1 = { version: '1.0' };
const CODE = 'brisk';

let ground: TestGround;
let folder: string;
let product: Product;
let connection: NativeConnection;
let client: Client;
let worker: Worker;
let running: Promise<void>;

const start = async () => {
  product = await startProduct({ ...ground.env, WORKFLOWS: folder });
};

beforeAll(async () => {
  installRuntime(silentLog);
  [ground, folder] = await Promise.all([startGround(), mkdtemp(join(tmpdir(), 'agent-host-test-'))]);
  const agent = {
    code: CODE,
    name: 'Brisk',
    description: 'Is soon over.',
    version: '1.0.0',
    skills: [{ id: 'do', name: 'Do', description: 'Does it.', tags: ['test'] }],
    plain: { workflowType: 'Brisk', taskQueue: 'company', timeout: '1m' },
  };
  await writeFile(join(folder, 'agents.json'), JSON.stringify({ agents: [agent] }));
  connection = await NativeConnection.connect({ address: ground.temporalAddress });
  client = new Client({ connection });
  const workflowBundle = await bundleWorkflows({
    workflowFiles: [fileURLToPath(new URL('./fixtures/plain-worker/workflows.ts', import.meta.url))],
  });
  [worker] = await Promise.all([
    Worker.create({ connection, taskQueue: 'company', workflowBundle, activities }),
    start(),
  ]);
  running = worker.run();
});

afterEach(() => {
  activities.notes.length = 0;
});

afterAll(async () => {
  await killAllProducts();
  worker?.shutdown();
  await running;
  await connection?.close();
  await ground?.stop();
  await rm(folder, { recursive: true, force: true });
});

const task = (id: string) => client.workflow.getHandle(`agent-task/${id}`);
const plain = (id: string) => client.workflow.getHandle(`agent-plain/${id}`);

/** Sends, and waits until the workflow has begun. */
async function begin(name: string, ms: number, fails = false): Promise<string> {
  const message = userMessage([{ data: { name, ms, fails } }]);
  const configuration = { returnImmediately: true };
  const sent = await call(agentUrl(product.url, CODE), 'SendMessage', { message, configuration }, V1);
  await until(`${name} has begun`, async () => (activities.notes.includes(name) ? true : undefined));
  return sent.task.id;
}

const get = (id: string): Promise<Wire> => call(agentUrl(product.url, CODE), 'GetTask', { id }, V1);

const endOf = (id: string): Promise<[string, string]> =>
  until(`the end of ${id}`, async () => {
    const { status } = await get(id);
    const ended = /COMPLETED|FAILED|CANCELED/.test(status.state);
    return ended ? [status.state, status.message?.parts[0].text] : undefined;
  });

async function killHost(): Promise<void> {
  await killAllProducts();
  await product.exited;
}

it('is no child, and while it goes on its task takes no more than a place of an activity', async () => {
  const id = await begin('longer', 1_500);
  const followed = await until('it is stayed with', async () => {
    const { raw } = await task(id).describe();
    return raw.pendingActivities?.length ? raw : undefined;
  });
  expect(followed.pendingChildren).toEqual([]);
  expect((await plain(id).describe()).parentExecution).toBeUndefined();
  expect((await get(id)).status.state).toBe('TASK_STATE_WORKING');
  expect(await endOf(id)).toEqual(['TASK_STATE_COMPLETED', 'longer is done']);
});

it.each([
  ['while it still runs', 4_000, false, 'TASK_STATE_COMPLETED', 'is done'],
  ['so that it ends with nobody there', 300, false, 'TASK_STATE_COMPLETED', 'is done'],
  ['so that it fails with nobody there', 300, true, 'TASK_STATE_FAILED', 'failed'],
])('its host is killed -9 in its first moment, %s', async (_, ms, fails, state, said) => {
  const name = `${ms} ${said}`;
  const id = await begin(name, ms, fails);
  await killHost();
  const { runId } = await plain(id).describe();
  if (ms < 1_000)
    await plain(id)
      .result()
      .catch(() => undefined);
  await start();
  expect(await endOf(id)).toEqual([state, `${name} ${said}`]);
  expect(activities.notes).toEqual([name]);
  expect((await plain(id).describe()).runId).toBe(runId);
});

it('its host is killed -9 while it stays with it', async () => {
  const id = await begin('watched', 8_000);
  await until('it is stayed with', async () =>
    (await task(id).describe()).raw.pendingActivities?.length ? true : undefined,
  );
  await killHost();
  await start();
  expect(await endOf(id)).toEqual(['TASK_STATE_COMPLETED', 'watched is done']);
  expect(activities.notes).toEqual(['watched']);
});

it.each([
  ['has completed is not begun again', false, 1],
  ['has failed is begun anew', true, 2],
])('when its task is reset, one that %s', async (_, fails, times) => {
  const name = `reset ${times}`;
  const id = await begin(name, 10, fails);
  await endOf(id);
  const { events } = await task(id).fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  const { runId } = await task(id).describe();
  await connection.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: `agent-task/${id}`, runId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first?.eventId ?? null,
  });
  await task(id)
    .result()
    .catch(() => undefined);
  expect(activities.notes).toEqual(Array.from({ length: times }, () => name));
});
