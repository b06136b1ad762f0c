/** The same messageId from the same caller to the same agent is the same request. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  agentUrl,
  call,
  collect,
  olderMessage,
  rpc,
  stream,
  userMessage,
  type Wire,
} from '../../support/rpc.ts';
import { product } from './host.ts';

const V1 = { version: '1.0' };
const RACERS = 10;
const url = (code: string) => agentUrl(product.url, code);

const send = async (code: string, message: Wire) =>
  (await call(url(code), 'SendMessage', { message }, V1)).task as Wire;
const tasksIn = async (code: string, contextId: string) =>
  (await call(url(code), 'ListTasks', { contextId }, V1)).totalSize as number;
const race = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: RACERS }, work));

describe('a message that begins a task, sent again', () => {
  it('brings the first task back', async () => {
    const message = userMessage('x', { contextId: randomUUID() });
    const first = await send('echo', message);
    expect(await send('echo', message)).toEqual(first);
    expect(await tasksIn('echo', message.contextId)).toBe(1);
  });

  it('ten at once begin one task', async () => {
    const message = userMessage('x', { contextId: randomUUID() });
    const tasks = await race(() => send('echo', message));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
    expect(new Set(tasks.map(({ status }) => status.state))).toEqual(new Set(['TASK_STATE_COMPLETED']));
    expect(await tasksIn('echo', message.contextId)).toBe(1);
  });

  it('ten at once without a contextId, too', async () => {
    const message = userMessage('x');
    const tasks = await race(() => send('echo', message));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
  });

  it('ten streams at once show one task, each to its end', async () => {
    const params = { message: olderMessage('x') };
    const streams = await race(() => collect(stream(url('echo'), 'message/stream', params)));
    expect(new Set(streams.map(([first]) => first.id)).size).toBe(1);
    for (const events of streams) expect(events.at(-1).status.state).toBe('completed');
  });

  it('in v0.3, and by the client’s own id before it', async () => {
    const message = olderMessage('x');
    const first = await call(url('echo'), 'message/send', { message });
    expect((await call(url('echo'), 'message/send', { message })).id).toBe(first.id);
    const id = `mine-${randomUUID()}`;
    const older = {
      id,
      message: { role: 'user', messageId: randomUUID(), parts: [{ type: 'text', text: 'x' }] },
    };
    const answers = await race(() => call(url('echo'), 'tasks/send', older));
    expect(new Set(answers.map((task) => task.id))).toEqual(new Set([id]));
    expect((await call(url('echo'), 'tasks/send', older)).status.state).toBe('completed');
  });

  it('with other content is -32602 and begins nothing', async () => {
    const message = userMessage('x', { contextId: randomUUID() });
    await send('echo', message);
    for (const other of [
      { ...message, parts: [{ text: 'y' }] },
      { ...message, metadata: { more: true } },
    ]) {
      const { status, body } = await rpc(url('echo'), 'SendMessage', { message: other }, V1);
      expect({ status, code: body.error.code }).toEqual({ status: 200, code: -32602 });
      expect(body.error.message).toContain('messageId');
    }
    expect(await tasksIn('echo', message.contextId)).toBe(1);
  });

  it('of ten at once with different content one wins', async () => {
    const message = userMessage('x', { contextId: randomUUID() });
    let number = 0;
    const answers = await race(() => {
      number += 1;
      return rpc(url('echo'), 'SendMessage', { message: { ...message, parts: [{ text: `${number}` }] } }, V1);
    });
    const codes = answers.map(({ body }) => body.error?.code ?? 'task');
    expect(codes.filter((code) => code === 'task')).toHaveLength(1);
    expect(codes.filter((code) => code === -32602)).toHaveLength(RACERS - 1);
    expect(await tasksIn('echo', message.contextId)).toBe(1);
  });

  it('to another agent is another message', async () => {
    const message = userMessage('x');
    const echoed = await send('echo', message);
    const asked = await send('order-refund', message);
    expect(asked.id).not.toBe(echoed.id);
    expect(asked.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
  });
});

describe('an answer to a question, sent again', () => {
  // Each answer to this agent is followed by another question: one applied twice would be seen.
  const begin = () => send('order-refund', userMessage('I want my money back'));
  const asked = (task: Wire) => task.status.message.parts[0].text as string;
  const roles = async (id: string) =>
    (await call(url('order-refund'), 'GetTask', { id }, V1)).history.map(({ role }: Wire) => role);
  const TWO_TURNS = ['ROLE_USER', 'ROLE_AGENT', 'ROLE_USER', 'ROLE_AGENT'];

  it('is applied once', async () => {
    const { id } = await begin();
    const message = userMessage('ORD-1001', { taskId: id });
    expect(asked(await send('order-refund', message))).toMatch(/^Why/);
    const again = await send('order-refund', message);
    expect(again.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect(asked(again)).toMatch(/^Why/);
    expect(await roles(id)).toEqual(TWO_TURNS);
  });

  it('ten at once are applied once, and all are told what came of it', async () => {
    const { id } = await begin();
    const message = userMessage('ORD-1001', { taskId: id });
    const tasks = await race(() => send('order-refund', message));
    for (const task of tasks) expect(asked(task)).toMatch(/^Why/);
    expect(await roles(id)).toEqual(TWO_TURNS);
  });

  it('after the end brings the ended task back', async () => {
    const { id } = await send(
      'expense-approval',
      userMessage([{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }]),
    );
    const message = userMessage('yes', { taskId: id });
    const done = await send('expense-approval', message);
    expect(done.status.state).toBe('TASK_STATE_COMPLETED');
    expect(await send('expense-approval', message)).toEqual(done);
  });

  it('with other content, or to another task, is -32602', async () => {
    const [one, two] = await Promise.all([begin(), begin()]);
    const message = userMessage('ORD-1001', { taskId: one.id });
    await send('order-refund', message);
    for (const other of [
      { ...message, parts: [{ text: 'ORD-1002' }] },
      { ...message, taskId: two.id },
    ]) {
      const { body } = await rpc(url('order-refund'), 'SendMessage', { message: other }, V1);
      expect(body.error).toMatchObject({ code: -32602, message: expect.stringContaining('messageId') });
    }
    expect(await roles(two.id)).toEqual(['ROLE_USER', 'ROLE_AGENT']);
  });

  it('of different answers at once exactly one is taken, the others are -32004', async () => {
    const { id } = await begin();
    const answers = await race(() =>
      rpc(url('order-refund'), 'SendMessage', { message: userMessage('ORD-1001', { taskId: id }) }, V1),
    );
    const codes = answers.map(({ body }) => body.error?.code ?? 'task');
    // One that came after the next question was asked answers that one.
    const taken = codes.filter((code) => code === 'task').length;
    expect(taken).toBeGreaterThanOrEqual(1);
    expect(codes.filter((code) => code === -32004)).toHaveLength(RACERS - taken);
    const users = (await roles(id)).filter((role: string) => role === 'ROLE_USER');
    expect(users).toHaveLength(1 + taken);
  });
});
