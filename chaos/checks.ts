import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, Client as Temporal } from '@temporalio/client';
import type { Client } from 'pg';
import { workflowIdOf } from '../src/tasks/contract.ts';
import { runProduct } from '../test/support/product.ts';
import { taskOf } from './clients/a2a.ts';
import { eventually, type World } from './clients/ask.ts';
import { type Call, count, type Ledger } from './ledger.ts';
import type { Shape } from './shape.ts';

/** Looks at all there is when the faults are over, and adds what is wrong to the ledger. @returns how much it looked at. */
export async function checkAll(shape: Shape, world: World, record: Client): Promise<Map<string, number>> {
  await checkTasks(world);
  const effects = await checkTraces(world, record);
  const changes = await checkRecord(world, record);
  const notified = await checkNotifications(shape, world);
  await checkWorkflows(shape, world);
  const receipts = await checkReceipts(shape, world, record);
  await tellMore(world, record);
  return new Map([
    ...[...count(world.ledger.calls.map(({ ending }) => ending))].map(
      ([ending, tasks]) => [`tasks ${ending}`, tasks] as const,
    ),
    ['side effects, each once', effects],
    ['changes in the log', changes],
    ['webhooks told of an end', notified],
    ['receipts, none running', receipts],
  ]);
}

/** Each call has its one task, in the state its plan leads to, with each message in it once. */
async function checkTasks(world: World): Promise<void> {
  const { ledger } = world;
  for (const call of ledger.calls) {
    if (call.taskId === undefined) {
      ledger.problem(call, 'was never told of a task');
      continue;
    }
    const task = await taskOf(world, call.taskId);
    const state = task.status.state.replace('TASK_STATE_', '').toLowerCase();
    if (state !== call.ending) ledger.problem(call, `is ${state}, not ${call.ending}`);
    const artifacts = (task.artifacts ?? []).map(({ name }: { name: string }) => name).join();
    const given = { completed: 'steps', canceled: 'left', failed: '' }[call.ending];
    if (artifacts !== given) ledger.problem(call, `has the artifacts '${artifacts}', not '${given}'`);
    const ids: string[] = task.history.map(({ messageId }: { messageId: string }) => messageId);
    if (new Set(ids).size !== ids.length) ledger.problem(call, 'shows a message twice');
    const said = task.history.filter(({ role }: { role: string }) => role === 'ROLE_USER').length;
    const meant = call.answer === undefined ? 1 : 2;
    if (said !== meant) ledger.problem(call, `shows ${said} messages of its caller, not ${meant}`);
  }
}

/** Each step of each call was taken once, by one workflow, and none besides. */
async function checkTraces({ ledger }: World, record: Client): Promise<number> {
  const { rows } = await record.query<{ key: string; step: string; workflow_id: string; total: number }>(
    'SELECT trace.*, total FROM chaos.trace JOIN chaos.counter USING (key)',
  );
  const traces = groupBy(rows, ({ key }) => key);
  for (const call of ledger.calls) {
    const own = traces.get(call.key) ?? [];
    const steps = own.map(({ step }) => step).sort();
    if (own.some(({ workflow_id }) => workflow_id !== workflowIdOf(String(call.taskId))))
      ledger.problem(call, `ran in ${[...new Set(own.map(({ workflow_id }) => workflow_id))].join(' and ')}`);
    if (own.some(({ total }) => total !== own.length))
      ledger.problem(call, `took ${own[0]?.total} steps and left ${own.length} traces`);
    const meant = stepsOf(call);
    const wrong =
      call.plan === 'wait'
        ? steps.filter((step) => step === 'cleaned up').length !== 1 ||
          steps.some((step) => !meant.includes(step))
        : steps.join() !== meant.join();
    if (wrong) ledger.problem(call, `took the steps ${steps.join(', ')}, not ${meant.join(', ')}`);
  }
  return rows.length;
}

function stepsOf({ plan, steps, answer }: Call): string[] {
  const taken = Array.from({ length: steps }, (_, index) => `step ${index + 1}`);
  const last = { ask: [`answered ${answer}`], wait: ['cleaned up'], finish: [], fail: [] }[plan];
  return [...taken, ...last].sort();
}

/** The record holds the calls that were made and nothing else, and nothing in it waits for anything. */
async function checkRecord({ ledger }: World, record: Client): Promise<number> {
  const { rows } = await record.query<{ id: string; state: string }>(
    `SELECT id, state FROM task WHERE agent_code = 'chaos-steps'`,
  );
  const known = new Set(ledger.calls.map(({ taskId }) => taskId));
  for (const { id, state } of rows.filter((row) => !known.has(row.id))) {
    ledger.problems.push(`task ${id} (${state}) is nobody's: a call was made twice`);
  }
  const pending = await record.query('SELECT task_id FROM task_message WHERE pending_since IS NOT NULL');
  if (pending.rowCount) ledger.problems.push(`${pending.rowCount} messages still wait to be acknowledged`);
  return checkLog(ledger, record);
}

/** No change is missing from the log of a task, and its last one is its only end. */
async function checkLog(ledger: Ledger, record: Client): Promise<number> {
  const { rows } = await record.query<{ id: string; versions: number[]; ends: number[]; version: number }>(
    `SELECT id, task.version, array_agg(change.version ORDER BY change.version) AS versions,
       array_agg(change.version) FILTER (WHERE change.state IN ('completed', 'failed', 'canceled', 'rejected')) AS ends
     FROM task JOIN task_change change ON task_id = id WHERE agent_code = 'chaos-steps' GROUP BY id`,
  );
  let changes = 0;
  for (const { id, version, versions, ends } of rows) {
    changes += versions.length;
    const [first = 0] = versions;
    if (first > 1 || versions.some((each, index) => each !== first + index) || versions.at(-1) !== version)
      ledger.problems.push(`task ${id} is at version ${version}, its log has ${versions.join(', ')}`);
    if (ends?.join() !== String(version))
      ledger.problems.push(`task ${id} is at version ${version} and ended at ${ends?.join(' and ')}`);
  }
  return changes;
}

/** The webhook of each call that named one has heard of its end, and of no other. */
async function checkNotifications({ webhook }: Shape, world: World): Promise<number> {
  const endsOf = ({ key }: Call): string[] =>
    webhook.taken.flatMap(({ path, text }) => {
      if (path !== `/hook?${key}`) return [];
      return /"(?:TASK_STATE_)?(COMPLETED|FAILED|CANCELED|REJECTED)"/.exec(text)?.[1]?.toLowerCase() ?? [];
    });
  const calls = world.ledger.calls.filter(({ notified }) => notified);
  for (const call of calls) {
    const told = async () => endsOf(call).length > 0 || undefined;
    await eventually(world, 'its webhook hears of the end', told).catch((error: Error) =>
      world.ledger.problem(call, error.message),
    );
    const others = endsOf(call).filter((end) => end !== call.ending);
    if (others.length > 0) world.ledger.problem(call, `its webhook heard of ${others.join(' and ')}`);
  }
  return calls.length;
}

/** No workflow of a task runs on; of one that does, what it waits for is told. */
async function checkWorkflows({ ground }: Shape, world: World): Promise<void> {
  const connection = await Connection.connect({ address: ground.temporalAddress });
  try {
    const { workflow } = new Temporal({ connection });
    const query = `WorkflowType = 'chaosSteps' AND ExecutionStatus = 'Running'`;
    const none = async () => (await workflow.count(query)).count === 0 || undefined;
    if (await eventually(world, 'every workflow has ended', none).catch(() => false)) return;
    for await (const { workflowId } of workflow.list({ query })) {
      const { raw } = await workflow.getHandle(workflowId).describe();
      const { pendingActivities, pendingWorkflowTask } = raw;
      const pending = JSON.stringify({ pendingActivities, pendingWorkflowTask });
      world.ledger.problems.push(`${workflowId} runs on: ${pending}`);
    }
  } finally {
    await connection.close();
  }
}

interface ReceiptSeen {
  id: string;
  status: string;
  task_id: string | null;
  /** Its call came to an end before the agent had it. */
  unheard: boolean;
}

/** No receipt is running, each says what came of its call, and the chain holds. */
async function checkReceipts({ env }: Shape, world: World, record: Client): Promise<number> {
  const { ledger } = world;
  // A task that a call was to go on with is named in its receipt also when the call was broken off before.
  const all = `SELECT id, status, task_id, status = 'failed' AND result -> 'output' IS NULL AS unheard FROM receipt`;
  const receipts = await eventually(world, 'every receipt is final', async () => {
    const { rows } = await record.query<ReceiptSeen>(all);
    return rows.some(({ status }) => status === 'running') ? undefined : rows;
  });
  const meant = { completed: 'succeeded', failed: 'failed', canceled: 'failed' };
  const byTask = groupBy(receipts, ({ task_id }) => task_id);
  for (const call of ledger.calls.filter(({ by }) => /gateway|invoke/.test(by))) {
    const own = (byTask.get(call.taskId ?? '') ?? []).filter(({ unheard }) => !unheard);
    const calls = call.answer === undefined ? 1 : 2;
    if (own.length !== calls) ledger.problem(call, `has ${own.length} receipts, not ${calls}`);
    for (const { status } of own) {
      if (status !== meant[call.ending]) ledger.problem(call, `its receipt says ${status}`);
    }
  }
  // Broken off before it reached the agent; its client has called again.
  for (const { id, status } of byTask.get(null) ?? []) {
    if (status !== 'failed') ledger.problems.push(`receipt ${id} is ${status} and knows of no task`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-chaos-'));
  try {
    const jwks = join(folder, 'jwks.json');
    await writeFile(jwks, await (await fetch(`${world.url}/.well-known/jwks.json`)).text());
    const { code, stdout, stderr } = await runProduct(['receipts', 'verify', '--all', '--jwks', jwks], env);
    if (code !== 0) ledger.problems.push(`the receipts do not verify: ${stdout}${stderr}`);
  } finally {
    await rm(folder, { recursive: true });
  }
  return receipts.length;
}

/** Of each task that is named in a problem, what its log and its receipts say. */
async function tellMore({ ledger }: World, record: Client): Promise<void> {
  const ids = new Set(ledger.problems.flatMap((problem) => problem.match(UUIDS) ?? []));
  const { rows } = await record.query<{ id: string; place: string; log: string }>(
    `SELECT id, concat_ws(' ', run_id, sequence, problem) AS place,
       string_agg(concat_ws(' ', to_char(change.at, 'HH24:MI:SS.MS'), change.state, change.status_message #>> '{parts,0,text}'),
                  ' | ' ORDER BY change.version) AS log
     FROM task JOIN task_change change ON task_id = id WHERE id = ANY ($1) GROUP BY id`,
    [[...ids]],
  );
  for (const { id, place, log } of rows) ledger.problems.push(`log of ${id} (${place}): ${log}`);
  const receipts = await record.query<{ task_id: string; receipts: string }>(
    `SELECT task_id, string_agg(concat_ws(' ', id, message_id, to_char(started_at, 'HH24:MI:SS.MS'),
       to_char(completed_at, 'HH24:MI:SS.MS'), status, result ->> 'stderr'), ' | ' ORDER BY started_at) AS receipts
     FROM receipt WHERE task_id = ANY ($1) GROUP BY task_id`,
    [[...ids]],
  );
  for (const row of receipts.rows) ledger.problems.push(`receipts of ${row.task_id}: ${row.receipts}`);
}

const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
