/** What the task of a brief workflow does about a start that goes wrong, with activities of the test's own. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Beside, STILL_RUNS } from '../../src/plain/contract.ts';
import { type Projection, workflowIdOf } from '../../src/tasks/contract.ts';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { installRuntime } from '../../src/temporal/runtime.ts';
import { createWorkers } from '../../src/temporal/worker.ts';
import { briefInput, briefPlan } from '../support/brief.ts';
import { silentLog } from '../support/tasks.ts';
import { until } from '../support/until.ts';

const TASK_QUEUE = 'tasks';

let env: TestWorkflowEnvironment;
let bundle: { code: string };
let working: { workers: Worker[]; running: Promise<void>[] };
/** Each step of the task, in order: `here` is within a step of the workflow's own. */
let steps: string[] = [];
let given: Beside[] = [];
/** Until then the record is away. */
let recording: Promise<void> | undefined;
/** What running it, in this step and the ones behind it, comes to. */
let outcomes: (unknown | Error)[] = [];

const where = (): string => (activityInfo().isLocal ? 'here' : 'behind');
const activities = {
  projectChange: async ({ status, sequence }: Projection) => {
    if (!activityInfo().isLocal) await recording;
    steps.push(`${where()}: records ${sequence} ${status?.state}`);
  },
  runBeside: async (beside: Beside) => {
    const { report } = beside;
    given.push(beside);
    steps.push(`${where()}: runs${report ? ` and records ${report.sequence} ${report.status?.state}` : ''}`);
    const outcome = await outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  },
};

async function work(): Promise<void> {
  const workers = await createWorkers({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    bundle,
    activities,
    taskQueues: [TASK_QUEUE],
    runActivities: true,
    servesWaiting: true,
  });
  working = { workers, running: workers.map((worker) => worker.run()) };
}

async function rest(): Promise<void> {
  for (const worker of working.workers) worker.shutdown();
  await Promise.all(working.running);
}

beforeAll(async () => {
  installRuntime(silentLog);
  const cli = process.env.TEMPORAL_CLI;
  const path = await findTemporalCli(cli === undefined ? {} : { cli });
  [env, bundle] = await Promise.all([
    TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path } } }),
    bundleWorkflows({
      workflowFiles: [fileURLToPath(new URL('../../src/plain/workflow.ts', import.meta.url))],
    }),
  ]);
  await work();
});

afterEach(() => {
  steps = [];
  given = [];
  outcomes = [];
  recording = undefined;
});

afterAll(async () => {
  await rest();
  await env.teardown();
});

async function begin(): Promise<string> {
  const taskId = randomUUID();
  const workflowId = workflowIdOf(taskId);
  await env.client.workflow.start('plainAgent', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [briefInput(taskId), briefPlan],
  });
  return workflowId;
}

function withResolvers(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const endOf = (workflowId: string): Promise<unknown> =>
  env.client.workflow
    .getHandle(workflowId)
    .result()
    .catch((error: Error) => (error.cause as Error).message);

test('one that ends at once is one step of the task’s workflow', async () => {
  outcomes = ['5 EUR'];
  const workflowId = await begin();
  await endOf(workflowId);
  expect(steps).toEqual(['here: runs and records 1 working', 'here: records 2 completed']);
  expect(given).toMatchObject([{ workflowType: 'Order', args: ['a chair'], timeoutMs: 60_000 }]);
  const { events } = await env.client.workflow.getHandle(workflowId).fetchHistory();
  expect(events?.filter((event) => event.workflowTaskScheduledEventAttributes)).toHaveLength(1);
});

test('one that takes longer is stayed with, and what was said is not said again', async () => {
  outcomes = [ApplicationFailure.nonRetryable('it goes on', STILL_RUNS), '5 EUR'];
  await endOf(await begin());
  expect(steps).toEqual(['here: runs and records 1 working', 'behind: runs', 'here: records 2 completed']);
});

test('a failure of it fails the task', async () => {
  outcomes = [ApplicationFailure.nonRetryable('no chairs', 'FollowedFailed')];
  expect(await endOf(await begin())).toBe('no chairs');
  expect(steps).toEqual(['here: runs and records 1 working', 'here: records 2 failed']);
});

test('while the record is away the task is working before it begins all the same', async () => {
  outcomes = [ApplicationFailure.retryable('the record is away', 'NotRecorded'), '5 EUR'];
  await endOf(await begin());
  expect(steps).toEqual([
    'here: runs and records 1 working',
    'behind: records 1 working',
    'behind: runs',
    'here: records 2 completed',
  ]);
});

test('while Temporal does not take it, it is tried again', async () => {
  const away = new Error('away');
  outcomes = [away, away, away, '5 EUR'];
  await endOf(await begin());
  expect(steps.filter((step) => step === 'behind: runs')).toHaveLength(3);
  expect(steps.at(-1)).toBe('here: records 2 completed');
});

describe('without a worker', () => {
  test('one that was canceled before it began is not begun', async () => {
    await rest();
    const workflowId = await begin();
    await env.client.workflow.getHandle(workflowId).cancel();
    await work();
    expect(await endOf(workflowId)).toMatch(/cancel/i);
    expect(given).toEqual([]);
    expect(steps.at(-1)).toMatch(/ canceled$/);
  });
});

test('one that is canceled while the record is away is not begun when it is back', async () => {
  const { promise, resolve } = withResolvers();
  recording = promise;
  outcomes = [ApplicationFailure.retryable('the record is away', 'NotRecorded')];
  const workflowId = await begin();
  await until('its first step', async () => (given.length === 1 ? true : undefined));
  await env.client.workflow.getHandle(workflowId).cancel();
  await until('its cancel', async () => {
    const { events } = await env.client.workflow.getHandle(workflowId).fetchHistory();
    return (
      events?.some((event) => event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes) ||
      undefined
    );
  });
  resolve();
  expect(await endOf(workflowId)).toMatch(/cancel/i);
  expect(steps).not.toContain('behind: runs');
});

test('one that is canceled before it is to be found is asked to stop once it is', async () => {
  const { promise, resolve } = withResolvers();
  outcomes = [ApplicationFailure.nonRetryable('it goes on', STILL_RUNS), promise];
  const workflowId = await begin();
  await until('it is stayed with', async () => (given.length === 2 ? true : undefined));
  await env.client.workflow.getHandle(workflowId).cancel();
  const late = await env.client.workflow.start('Order', {
    workflowId: given[0]?.workflowId ?? '',
    taskQueue: 'orders',
  });
  await until('it is asked to stop', async () => {
    const { events } = await late.fetchHistory();
    return events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes) || undefined;
  });
  resolve();
  await endOf(workflowId);
  await late.terminate();
});

test('after a reset it is started once more if it had failed', async () => {
  const failure = ApplicationFailure.nonRetryable('no chairs', 'FollowedFailed');
  outcomes = [failure, '5 EUR'];
  const workflowId = await begin();
  await endOf(workflowId);
  const { events } = await env.client.workflow.getHandle(workflowId).fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await env.connection.workflowService.resetWorkflowExecution({
    namespace: env.namespace ?? 'default',
    workflowExecution: { workflowId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first?.eventId ?? null,
  });
  await until('its second run', async () => (given.length === 2 ? true : undefined));
  expect(given.map(({ again }) => again)).toEqual([undefined, true]);
  expect(await endOf(workflowId)).toBeUndefined();
});
