/** Plain messages in place of tasks, on a real Postgres. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SendRequest, Sent } from '../../src/tasks/service.ts';
import { replyOf } from '../../src/tasks/state.ts';
import type { Task } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';

const helper = agentOf('helper', { mayReply: true });

let ground: TaskGround;

beforeAll(async () => {
  ground = await startTaskGround();
});

afterEach(async () => {
  ground.engine.outage = 'none';
  await ground.engine.idle();
  expect(ground.feed.subscriptions).toBe(0);
});

afterAll(() => ground.stop());

const send = (text: string, given: Partial<SendRequest> = {}): Promise<Sent> =>
  ground.tasks.send({
    owner: 'alice',
    agent: helper,
    message: userMessageOf(text),
    takesReply: true,
    ...given,
  });

const decided = async (sent: Sent): Promise<Task> =>
  (await ground.tasks.decided(sent, AbortSignal.timeout(5_000))).task;

const keyOf = ({ owner, agentCode, id }: Task) => ({ owner, agentCode, taskId: id });

const listed = ({ owner, contextId }: Task) => ground.tasks.list({ owner, contextId, limit: 10 });

test('a reply is no task to anybody', async () => {
  const task = await decided(await send('reply'));
  expect(replyOf(task)?.parts).toEqual([{ text: 'replied: reply' }]);
  await expect(ground.tasks.get(keyOf(task))).rejects.toMatchObject({ code: 'task_not_found' });
  expect(await listed(task)).toEqual({ tasks: [], total: 0 });
});

test('before anything is said there is no task either', async () => {
  const { task } = await send('hold');
  await expect(ground.tasks.get(keyOf(task))).rejects.toMatchObject({ code: 'task_not_found' });
  expect(await listed(task)).toEqual({ tasks: [], total: 0 });
  await ground.engine.report(task.id, { state: 'working' });
  expect((await ground.tasks.get(keyOf(task))).status.state).toBe('working');
  expect((await listed(task)).total).toBe(1);
});

test('what the record reads back is what was told: a repetition gets the same reply', async () => {
  const message = userMessageOf('reply');
  const [first, second] = [
    await decided(await send('', { message })),
    await decided(await send('', { message })),
  ];
  expect(second.id).toBe(first.id);
  expect(replyOf(second)).toEqual(replyOf(first));
});

test('a failure is a task', async () => {
  const task = await decided(await send('fail'));
  expect(replyOf(task)).toBeUndefined();
  expect((await ground.tasks.get(keyOf(task))).status.state).toBe('failed');
});

test('a caller that takes no reply is given a task from the start', async () => {
  const sent = await send('reply', { takesReply: false });
  expect((await ground.tasks.get(keyOf(sent.task))).id).toBe(sent.task.id);
  const task = await ground.tasks.settled(sent, AbortSignal.timeout(5_000));
  expect([task.status.state, replyOf(task)]).toEqual(['completed', undefined]);
});

test('the engine is away: told, and kept for the sweep and for the same message again', async () => {
  ground.engine.outage = 'before';
  const message = userMessageOf('reply');
  const sent = await send('', { message });
  await expect(decided(sent)).rejects.toMatchObject({ code: 'unavailable' });
  ground.engine.outage = 'none';
  const [pending] = await ground.store.unstarted(0, 10);
  expect(pending).toMatchObject({ taskId: sent.task.id, mayReply: true });
  expect(replyOf(await decided(await send('', { message })))).toBeDefined();
});

test('nobody waits on: told as what it is', async () => {
  const sent = await send('hold');
  await expect(ground.tasks.decided(sent, AbortSignal.abort())).rejects.toMatchObject({
    code: 'unavailable',
  });
});
