import type { Logger } from 'pino';
import { expect, it } from 'vitest';
import { failureOf } from '../../src/invoke/rpc-error.ts';
import { drainingAgent, notWaiting } from '../../src/tasks/refusals.ts';
import type { Task } from '../../src/tasks/task.ts';

const busy = { status: { state: 'working' } } as Task;

it.each([
  [drainingAgent({}), -32001, 'agentId: The agent is being unpublished: it takes no new tasks'],
  [notWaiting(busy), -32602, 'taskId: The task is busy and does not wait for a message'],
])('%s names what is to blame', (error, code, message) => {
  expect(failureOf(error, {} as Logger)).toMatchObject({ code, message });
});
