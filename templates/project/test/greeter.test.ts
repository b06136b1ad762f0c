/** The agent as its callers see it, on a host of the test's own with everything embedded. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type Client,
  connectAgent,
  messageOf,
  type Task,
  TaskState,
  textOf,
} from 'workflow-agent-host/client';
import { createHost, type Host } from 'workflow-agent-host/host';

let folder: string;
let host: Host;
let greeter: Client;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greeter-'));
  // When run as root, Postgres runs as another user, who must be able to get in.
  await chmod(folder, 0o711);
  host = await createHost({ DATA_DIR: join(folder, 'data'), PORT: 0, LOG_LEVEL: 'warn' }, console.error);
  greeter = await connectAgent(host, 'greeter');
});

after(async () => {
  await host?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('greets by name', async () => {
  const task = (await greeter.sendMessage(messageOf('Ada'))) as Task;
  assert.equal(task.status?.state, TaskState.TASK_STATE_COMPLETED);
  assert.match(textOf(task.status?.message), /^Good \w+, Ada!$/);
});

test('asks for a name it was not told', async () => {
  const asked = (await greeter.sendMessage(messageOf([{ data: {} }]))) as Task;
  assert.equal(asked.status?.state, TaskState.TASK_STATE_INPUT_REQUIRED);
  const done = (await greeter.sendMessage(messageOf('Grace', { taskId: asked.id }))) as Task;
  assert.match(textOf(done.status?.message), /, Grace!$/);
});
