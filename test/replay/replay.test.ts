import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, expect, test } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { shippedAgents } from '../workflows/test-host.ts';
import { CODES, parseHistory, readHistory } from './histories.ts';

let workflowBundle: { code: string };

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const agents = await shippedAgents();
  workflowBundle = await bundleWorkflows({
    workflowFiles: agents.flatMap((agent) => agent.workflowFile ?? []),
  });
}, 60_000);

const replay = (json: string): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, parseHistory(json), 'agent-task/recorded');

test.each(CODES)('a task of %s begun on older code goes on with this one', async (code) => {
  await replay(await readHistory(code));
});

test('a changed workflow is noticed', async () => {
  const json = await readHistory('order-refund');
  await expect(replay(json.replaceAll('"bookReturn"', '"bookNothing"'))).rejects.toThrow(
    DeterminismViolationError,
  );
});

test('every shipped agent has a history', async () => {
  expect((await shippedAgents()).map(({ definition }) => definition.code)).toEqual([...CODES].sort());
});
