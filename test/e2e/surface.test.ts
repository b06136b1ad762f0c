/** The agent surface as raw requests see it: dialects, streams, history, waiting (WIRE.md section 1). */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import {
  agentUrl,
  call,
  collect,
  olderMessage,
  post,
  rpc,
  stream,
  userMessage,
  type Wire,
} from '../support/rpc.ts';
import { until } from '../support/until.ts';

const SEND_WAIT_S = 1;
const V1 = { version: '1.0' };
const dataDir = await temporaryDataDir();
let product: Product;
const url = (code: string) => agentUrl(product.url, code);

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path, SEND_WAIT: String(SEND_WAIT_S) });
});

afterAll(async () => {
  await killAllProducts();
  await dataDir.remove();
});

const text = (message: Wire): string => message.parts.map((part: Wire) => part.text).join('');
const markdown = (sections: number) =>
  Array.from({ length: sections }, (_, at) => `# Part ${at + 1}\nSome words here.`).join('\n');
const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];

/** An expense that waits for its approver. */
async function waitingExpense(): Promise<Wire> {
  const { task } = await call(url('expense-approval'), 'SendMessage', { message: userMessage(chair) }, V1);
  expect(task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
  return task;
}

describe('the dialect before v0.3', () => {
  const older = (parts: Wire[], extra: Wire = {}) => ({ message: { role: 'user', parts }, ...extra });
  const hello = [{ type: 'text', text: 'hello' }];

  it('tasks/send takes parts with `type`, no messageId, and the client’s own task id and sessionId', async () => {
    const id = `mine-${randomUUID()}`;
    const sessionId = randomUUID();
    const task = await call(url('echo'), 'tasks/send', older(hello, { id, sessionId }));
    expect(task).toMatchObject({ kind: 'task', id, sessionId, contextId: sessionId });
    expect(task.status).toMatchObject({ state: 'completed', timestamp: expect.any(String) });
    expect(task.artifacts[0].parts).toEqual([{ kind: 'text', text: 'hello' }]);
    expect(task.history).toBeUndefined();
  });

  it('without an id the host names the task, and contextId does for sessionId', async () => {
    const contextId = randomUUID();
    const task = await call(url('echo'), 'tasks/send', older(hello, { contextId }));
    expect(task.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(task.sessionId).toBe(contextId);
  });

  it('tasks/get, tasks/cancel and tasks/resubscribe know the task by the client’s own id', async () => {
    const id = `mine-${randomUUID()}`;
    await call(
      url('expense-approval'),
      'tasks/send',
      older([{ type: 'data', data: chair[0]?.data }], { id }),
    );
    const task = await call(url('expense-approval'), 'tasks/get', { id, historyLength: 5 });
    expect(task).toMatchObject({ id, status: { state: 'input-required' } });
    expect(task.history.map(({ role }: Wire) => role)).toEqual(['user', 'agent']);
    expect(task.history[0].taskId).toBe(id);
    let opened: true | undefined;
    const onOpen = () => {
      opened = true;
    };
    const watching = collect(stream(url('expense-approval'), 'tasks/resubscribe', { id }, { onOpen }));
    // Of a task that has ended it would be the task alone.
    await until('the subscription', () => opened);
    const canceled = await call(url('expense-approval'), 'tasks/cancel', { id });
    expect(canceled).toMatchObject({ id, status: { state: 'canceled' } });
    expect((await watching).at(-1)).toMatchObject({ taskId: id, final: true });
  });

  it('tasks/send with the id of a task that asks answers its question', async () => {
    const id = `mine-${randomUUID()}`;
    await call(
      url('expense-approval'),
      'tasks/send',
      older([{ type: 'data', data: chair[0]?.data }], { id }),
    );
    const done = await call(
      url('expense-approval'),
      'tasks/send',
      older([{ type: 'text', text: 'yes' }], { id }),
    );
    expect(done).toMatchObject({ id, status: { state: 'completed' } });
  });

  it('an id names a task of one agent only', async () => {
    const id = `mine-${randomUUID()}`;
    await call(url('echo'), 'tasks/send', older(hello, { id }));
    const { body } = await rpc(url('order-refund'), 'tasks/get', { id });
    expect(body.error.code).toBe(-32001);
    const other = await call(url('order-refund'), 'tasks/send', older(hello, { id }));
    expect(other).toMatchObject({ id, status: { state: 'input-required' } });
    expect((await call(url('echo'), 'tasks/get', { id })).status.state).toBe('completed');
  });

  it('requests that race to name a new task begin one', async () => {
    const id = `mine-${randomUUID()}`;
    const contextId = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => rpc(url('echo'), 'tasks/send', older(hello, { id, contextId }))),
    );
    for (const { body } of answers) {
      if (body.error) expect(body.error.code).toBe(-32004);
      else expect(body.result.id).toBe(id);
    }
    expect(answers.some(({ body }) => body.result)).toBe(true);
    expect((await call(url('echo'), 'ListTasks', { contextId }, V1)).totalSize).toBe(1);
  });

  it('tasks/send carries metadata and historyLength', async () => {
    const params = older([{ type: 'data', data: chair[0]?.data }], {
      metadata: { deadline: { a: [1, null, 'x'] } },
      historyLength: 1,
    });
    const task = await call(url('expense-approval'), 'tasks/send', params);
    expect(task.status.state).toBe('rejected');
    expect(text(task.status.message)).toContain('{"a":[1,null,"x"]}');
    expect(task.history).toHaveLength(1);
  });

  it('tasks/sendSubscribe streams updates that carry the client’s id and the session', async () => {
    const id = `mine-${randomUUID()}`;
    const events = await collect(stream(url('echo'), 'tasks/sendSubscribe', older(hello, { id })));
    expect(events.map(({ kind }) => kind)).toEqual(['task', 'artifact-update', 'status-update']);
    const { sessionId } = events[0];
    for (const event of events) expect(event).toMatchObject({ id, sessionId });
    expect(events.at(-1)).toMatchObject({ final: true, status: { state: 'completed' } });
  });
});

describe('v0.3', () => {
  it('is what a request without a version speaks; tasks carry sessionId too', async () => {
    const task = await call(url('echo'), 'message/send', { message: olderMessage('hello') });
    expect(task).toMatchObject({ kind: 'task', status: { state: 'completed' } });
    expect(task.sessionId).toBe(task.contextId);
  });

  it('takes parts with `type`, data parts, files by bytes and by address, and gives them back', async () => {
    const bytes = Buffer.from('ünïcode').toString('base64');
    const parts = [
      { type: 'text', text: 'see' },
      { kind: 'data', data: { deep: [{ n: null }] } },
      { kind: 'file', file: { bytes, name: 'a.bin', mimeType: 'application/octet-stream' } },
      { kind: 'file', file: { uri: 'https://example.com/b', name: 'b' } },
    ];
    const task = await call(url('echo'), 'message/send', { message: olderMessage(parts) });
    const [first, ...others] = task.artifacts[0].parts;
    expect(first).toEqual({ kind: 'text', text: 'see' });
    expect(others).toMatchObject(parts.slice(1));
  });

  it('the trailing slash is no other address', async () => {
    const task = await call(`${url('echo')}/`, 'message/send', { message: olderMessage('hello') });
    expect(task.status.state).toBe('completed');
    const params = { message: olderMessage('hello') };
    const [first] = await collect(stream(`${url('echo')}/stream/`, 'message/stream', params));
    expect(first.kind).toBe('task');
  });
});

describe('the version of a request', () => {
  const older = () => rpc(url('echo'), 'message/send', { message: olderMessage('x') }, { version: '' });

  it.each(['1.0', '1.0.3', ' 1.0 '])('A2A-Version %j is v1.0', async (version) => {
    const { task } = await call(url('echo'), 'SendMessage', { message: userMessage('x') }, { version });
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it.each(['0.3', '0.3.0', '0.3.9'])('A2A-Version %j is v0.3', async (version) => {
    const task = await call(url('echo'), 'message/send', { message: olderMessage('x') }, { version });
    expect(task.status.state).toBe('completed');
  });

  it('an empty A2A-Version is none', async () => {
    expect((await older()).body.result.status.state).toBe('completed');
  });

  it('the query parameter A2A-Version counts as the header', async () => {
    const params = { message: userMessage('x') };
    const { task } = await call(`${url('echo')}?A2A-Version=1.0`, 'SendMessage', params);
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    const { body } = await rpc(`${url('echo')}?A2A-Version=7.0`, 'SendMessage', params);
    expect(body.error.code).toBe(-32009);
  });
});

describe('streams', () => {
  const digest = () => ({
    message: userMessage(markdown(3), { metadata: { pauseMs: 60 } }),
  });

  it('v1.0 begins with the task, then status and artifact updates, each whole (§3.1.2)', async () => {
    const events = await collect(stream(url('document-digest'), 'SendStreamingMessage', digest(), V1));
    const [{ task }, ...updates] = events;
    expect(task.status.state).toBe('TASK_STATE_SUBMITTED');
    for (const update of updates) {
      const [[kind, value]] = Object.entries(update) as [[string, Wire]];
      expect(['statusUpdate', 'artifactUpdate']).toContain(kind);
      expect(value).toMatchObject({ taskId: task.id, contextId: task.contextId });
      expect(value.final).toBeUndefined();
      if (kind === 'artifactUpdate') expect(value.artifact.parts.length).toBeGreaterThan(0);
    }
    const states = updates.flatMap(({ statusUpdate }) => statusUpdate?.status.state ?? []);
    expect(new Set(states.slice(0, -1))).toEqual(new Set(['TASK_STATE_WORKING']));
    expect(states.at(-1)).toBe('TASK_STATE_COMPLETED');
    const artifacts = updates.flatMap(({ artifactUpdate }) => artifactUpdate?.artifact.artifactId ?? []);
    expect(artifacts).toEqual(['outline', 'word-counts', 'keywords']);
  });

  it('v0.3 says `final` on the last update, and only there', async () => {
    const params = { message: olderMessage(markdown(3), { metadata: { pauseMs: 60 } }) };
    const events = await collect(stream(url('document-digest'), 'message/stream', params));
    expect(events[0].kind).toBe('task');
    const finals = events.filter(({ kind }) => kind === 'status-update').map(({ final }) => final);
    expect(finals.length).toBeGreaterThan(2);
    expect(finals.pop()).toBe(true);
    expect(finals.every((final) => final === false)).toBe(true);
  });

  it('a send’s stream closes when the task asks; v0.3 calls that final', async () => {
    const events = await collect(
      stream(url('expense-approval'), 'SendStreamingMessage', { message: userMessage(chair) }, V1),
    );
    expect(events.at(-1).statusUpdate.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    const older = await collect(
      stream(url('order-refund'), 'message/stream', { message: olderMessage('my money back') }),
    );
    expect(older.at(-1)).toMatchObject({ final: true, status: { state: 'input-required' } });
  });

  it.each([
    ['SubscribeToTask', '1.0'],
    ['tasks/resubscribe', '0.3'],
  ])('%s stays open while the task asks and ends with it', async (method, version) => {
    const begun = await call(url('order-refund'), 'message/send', { message: olderMessage('my money back') });
    const events: Wire[] = [];
    const watching = (async () => {
      const { id } = begun;
      for await (const event of stream(url('order-refund'), method, { id }, { version })) events.push(event);
    })();
    await until('the subscription', () => events[0]);
    const seen = () =>
      events.map((event) => {
        const { status, final } = event.task ?? event.statusUpdate ?? event;
        return status && { state: status.state.replace('TASK_STATE_', '').toLowerCase(), final };
      });
    const asked = () => seen().filter((each) => each?.state.startsWith('input'));
    for (const words of ['ORD-1001', 'broken', 'yes']) {
      const before = asked().length;
      await call(url('order-refund'), 'message/send', {
        message: olderMessage(words, { taskId: begun.id }),
      });
      // Where the engine is slow to take an answer, the send does not wait for what comes of it.
      if (words !== 'yes')
        await until('another question', () => asked().length > before || undefined, 90_000);
    }
    await watching;
    expect(asked()).toHaveLength(3);
    expect(asked().some((each) => each?.final)).toBe(false);
    expect(seen().at(-1)?.state).toBe('completed');
  });

  it('to a task that has ended v1.0 says -32004, v0.3 sends the final task and ends', async () => {
    const { id } = await call(url('echo'), 'message/send', { message: olderMessage('x') });
    const { status, body } = await rpc(url('echo'), 'SubscribeToTask', { id }, V1);
    expect({ status, code: body.error.code }).toEqual({ status: 200, code: -32004 });
    const events = await collect(stream(url('echo'), 'tasks/resubscribe', { id }));
    expect(events).toMatchObject([{ kind: 'task', id, status: { state: 'completed' } }]);
  });
});

describe('POST /{code}/stream', () => {
  it.each([
    ['message/stream', '0.3'],
    ['tasks/sendSubscribe', '0.3'],
    ['SendStreamingMessage', '1.0'],
  ])('%s (v%s): every event is the whole task as it then stands', async (method, version) => {
    const parts = version === '1.0' ? markdown(3) : [{ type: 'text', text: markdown(3) }];
    const message = { ...userMessage(parts, { metadata: { pauseMs: 60 } }) };
    if (version === '0.3') message.role = 'user';
    const events = await collect(
      stream(`${url('document-digest')}/stream`, method, { message }, { version }),
    );
    const tasks = events.map((event) => (version === '1.0' ? event.task : event));
    expect(tasks.length).toBeGreaterThan(3);
    for (const task of tasks) {
      expect(task).toMatchObject({ id: tasks[0].id, contextId: tasks[0].contextId });
      expect(task.status.timestamp).toEqual(expect.any(String));
    }
    const counts = tasks.map(({ artifacts }) => artifacts?.length ?? 0);
    expect(counts).toEqual(counts.toSorted());
    expect(counts.at(-1)).toBe(3);
    expect(tasks.at(-1).status.state).toMatch(/^(completed|TASK_STATE_COMPLETED)$/);
  });
});

describe('history', () => {
  const ask = (params: Wire, version?: string) =>
    call(url('echo'), version ? 'SendMessage' : 'message/send', params, version ? { version } : {});

  it('in v1.0 is all there unless historyLength says how much; 0 is none', async () => {
    const { task } = await ask({ message: userMessage('x') }, '1.0');
    expect(task.history).toHaveLength(2);
    const get = (params: Wire) => call(url('echo'), 'GetTask', { id: task.id, ...params }, V1);
    expect((await get({})).history).toHaveLength(2);
    expect((await get({ historyLength: 0 })).history ?? []).toEqual([]);
    expect((await get({ historyLength: 1 })).history).toMatchObject([{ role: 'ROLE_AGENT' }]);
    expect((await get({ historyLength: 9 })).history).toHaveLength(2);
    const params = { message: userMessage('x'), configuration: { historyLength: 0 } };
    expect((await ask(params, '1.0')).task.history ?? []).toEqual([]);
  });

  it('without a version is there only when historyLength asks for it', async () => {
    const task = await ask({ message: olderMessage('x') });
    expect(task.history).toBeUndefined();
    const get = (params: Wire) => call(url('echo'), 'tasks/get', { id: task.id, ...params });
    expect((await get({})).history).toBeUndefined();
    expect((await get({ historyLength: 0 })).history).toBeUndefined();
    expect((await get({ historyLength: 1 })).history).toMatchObject([{ role: 'agent' }]);
    expect((await get({ historyLength: 9 })).history).toHaveLength(2);
    const params = { message: olderMessage('x'), configuration: { historyLength: 2 } };
    expect((await ask(params)).history).toMatchObject([{ role: 'user' }, { role: 'agent' }]);
  });

  it('follows the same rule in the first event of a stream', async () => {
    const first = async (method: string, params: Wire, version?: string) =>
      (await collect(stream(url('echo'), method, params, version ? { version } : {})))[0];
    const v1 = await first('SendStreamingMessage', { message: userMessage('x') }, '1.0');
    expect(v1.task.history).toHaveLength(1);
    expect((await first('message/stream', { message: olderMessage('x') })).history).toBeUndefined();
  });
});

describe('metadata and unknown fields', () => {
  const odd = { deadline: { a: [1, null, 'x'], ü: 0.5 } };

  it.each([
    ['the message', { message: userMessage(chair, { metadata: odd }) }],
    ['the request', { message: userMessage(chair), metadata: odd }],
  ])('metadata of %s reaches the workflow as given', async (_, params) => {
    const { task } = await call(url('expense-approval'), 'SendMessage', params, V1);
    expect(task.status.state).toBe('TASK_STATE_REJECTED');
    expect(text(task.status.message)).toContain(JSON.stringify(odd.deadline));
    expect(task.history[0].metadata).toEqual(odd);
  });

  it('metadata of a part comes through', async () => {
    const parts = [{ text: 'x', metadata: odd }];
    const { task } = await call(url('echo'), 'SendMessage', { message: userMessage(parts) }, V1);
    expect(task.artifacts[0].parts[0].metadata).toEqual(odd);
  });

  it('fields nobody knows are ignored', async () => {
    const params = { message: userMessage('x', { later: 1 }), configuration: { later: {} }, later: [] };
    const { task } = await call(url('echo'), 'SendMessage', params, V1);
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    const older = { message: olderMessage('x', { later: 1 }), configuration: { later: {} }, later: [] };
    expect((await call(url('echo'), 'message/send', older)).status.state).toBe('completed');
  });
});

describe('how long a send waits', () => {
  const long = { metadata: { pauseMs: 60_000 } };
  const short = { metadata: { pauseMs: 300 } };
  const unfinished = /submitted|working/i;
  const seconds = async <T>(work: Promise<T>): Promise<[T, number]> => {
    const began = performance.now();
    return [await work, (performance.now() - began) / 1_000];
  };
  const older = (extra: Wire, configuration?: Wire) =>
    call(url('document-digest'), 'message/send', {
      message: olderMessage(markdown(8), extra),
      ...(configuration && { configuration }),
    });

  it('v0.3 with `blocking` absent: until SEND_WAIT, then the task as it stands', async () => {
    const [task, took] = await seconds(older(long));
    expect(task.status.state).toBe('working');
    expect(took).toBeGreaterThanOrEqual(SEND_WAIT_S);
    expect(took).toBeLessThan(SEND_WAIT_S + 2);
  });

  it('tasks/send: the same', async () => {
    const message = { role: 'user', parts: [{ type: 'text', text: markdown(8) }], ...long };
    const [task, took] = await seconds(call(url('document-digest'), 'tasks/send', { message }));
    expect(task.status.state).toBe('working');
    expect(took).toBeGreaterThanOrEqual(SEND_WAIT_S);
    expect(took).toBeLessThan(SEND_WAIT_S + 2);
  });

  it('v0.3 with `blocking: true`: until the task settles', async () => {
    const [task, took] = await seconds(older(short, { blocking: true }));
    expect(task.status.state).toBe('completed');
    expect(took).toBeGreaterThan(SEND_WAIT_S);
  });

  it('v0.3 with `blocking: false`: not at all', async () => {
    const [task, took] = await seconds(older(long, { blocking: false }));
    expect(task.status.state).toMatch(unfinished);
    expect(took).toBeLessThan(SEND_WAIT_S);
  });

  it('v1.0: until the task settles, or with `returnImmediately` not at all', async () => {
    const send = (extra: Wire, configuration: Wire) => {
      const message = userMessage(markdown(8), extra);
      return call(url('document-digest'), 'SendMessage', { message, configuration }, V1);
    };
    const [{ task: done }, took] = await seconds(send(short, {}));
    expect(done.status.state).toBe('TASK_STATE_COMPLETED');
    expect(took).toBeGreaterThan(SEND_WAIT_S);
    const [{ task }, instantly] = await seconds(send(long, { returnImmediately: true }));
    expect(task.status.state).toMatch(unfinished);
    expect(instantly).toBeLessThan(SEND_WAIT_S);
  });

  it('a follow-up sent without waiting is applied all the same', async () => {
    const { id } = await waitingExpense();
    const message = userMessage('yes', { taskId: id });
    const configuration = { returnImmediately: true };
    await call(url('expense-approval'), 'SendMessage', { message, configuration }, V1);
    await until('the approval', async () => {
      const task = await call(url('expense-approval'), 'GetTask', { id }, V1);
      return task.status.state === 'TASK_STATE_COMPLETED' ? task : undefined;
    });
  });
});

describe('contexts', () => {
  it('a task begun with a contextId has it; without one the host makes one', async () => {
    const contextId = randomUUID();
    const send = (message: Wire) => call(url('echo'), 'SendMessage', { message }, V1);
    expect((await send(userMessage('x', { contextId }))).task.contextId).toBe(contextId);
    const [one, two] = await Promise.all([send(userMessage('x')), send(userMessage('x'))]);
    expect(one.task.contextId).not.toBe(two.task.contextId);
  });

  it('a follow-up may name its task’s context', async () => {
    const { id, contextId } = await waitingExpense();
    const message = userMessage('no', { taskId: id, contextId });
    const { task } = await call(url('expense-approval'), 'SendMessage', { message }, V1);
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
  });
});

it('search pages through the published agents', async () => {
  const search = async (body: Wire) =>
    (await post(`${product.url}/orchestrator/a2a/v1/agents/search`, body)).body;
  const all = await search({});
  expect(all.total_count).toBe(5);
  const pages = await Promise.all([0, 2, 4].map((skip) => search({ query: ' ', skip, top: 2 })));
  expect(pages.flatMap(({ resources }) => resources)).toEqual(all.resources);
  expect((await search({ query: 'refnud' })).resources[0].id).toBe('order-refund');
});
