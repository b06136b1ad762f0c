import { expect, it } from 'vitest';
import { asGatewayError } from '../../src/gateway/gateway-error.ts';
import { drainingAgent, notWaiting } from '../../src/tasks/refusals.ts';
import type { Task } from '../../src/tasks/task.ts';

const busy = { status: { state: 'working' } } as Task;

it.each([
  [drainingAgent({}), 409, 'agent_draining', 'The agent is being unpublished: it takes no new tasks'],
  [
    drainingAgent({ unpublished: true }),
    409,
    'agent_draining',
    'The agent is unpublished: it takes no new tasks',
  ],
  [notWaiting(busy), 409, 'task_not_waiting', 'The task is busy and does not wait for a message'],
])('%s is %d %s', (error, status, code, message) => {
  expect(asGatewayError(error)).toMatchObject({ status, code, message });
});
