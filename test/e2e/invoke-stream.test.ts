/** Streams of the invoke facade, and its client, which loses nothing of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvokeClient, InvokeError, type InvokeTask } from '../../src/client/index.ts';
import { asking, InvokeCaller, newSession } from '../support/invoke.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { startProxy, type Proxy as TcpProxy } from '../support/proxy.ts';
import type { Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const data = await temporaryDataDir();
let product: Product;
let proxy: TcpProxy;
let client: InvokeCaller;
let agents: InvokeClient;

beforeAll(async () => {
  // The address that clients are told.
  proxy = await startProxy('');
  const PUBLIC_URL = `http://${proxy.address}`;
  product = await startProduct({ DATA_DIR: data.path, WORKFLOWS, SEND_WAIT: '2', PUBLIC_URL });
  proxy.target = new URL(product.url).host;
  client = new InvokeCaller(product.url);
  agents = new InvokeClient({ url: product.url });
});

afterAll(async () => {
  await killAllProducts();
  await proxy.stop();
  await data.remove();
});

interface SentEvent {
  id: number;
  task: Wire;
}

interface Stream {
  status: number;
  type: string | null;
  /** As they come. */
  events: SentEvent[];
  ended: Promise<void>;
}

/** A stream as it comes over the wire. */
async function open(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const response = await fetch(`${client.base}${path}`, { headers });
  const events: SentEvent[] = [];
  const read = async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, id, task] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
        if (task !== undefined) events.push({ id: Number(id), task: JSON.parse(task) });
      }
    }
  };
  return { status: response.status, type: response.headers.get('content-type'), events, ended: read() };
}

const tick = (times: number, everyMs: number): Promise<Wire> =>
  client.invoke(asking('ticker', [{ data: { times, everyMs } }]));
const ticksOf = (tasks: Wire[]): number[] =>
  tasks.flatMap(({ artifacts }) => artifacts[0]?.parts[0].data.at ?? []);
const counted = (times: number) => Array.from({ length: times }, (_, index) => index + 1);

describe('a stream', () => {
  it.each([
    ['/stream', {}],
    ['', { accept: 'text/event-stream' }],
  ])('%s %j: the whole task after each change, and the end', async (path, headers) => {
    const { id } = await tick(4, 150);
    const { status, type, events, ended } = await open(`/tasks/${id}${path}`, headers as Wire);
    expect({ status, type }).toEqual({ status: 200, type: expect.stringMatching(/^text\/event-stream/) });
    await ended;
    const ids = events.map((event) => event.id);
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
    expect(events.at(-1)?.task).toEqual((await client.get(`/tasks/${id}`)).body);
    expect(events.filter(({ task }) => task.status === 'COMPLETED')).toHaveLength(1);
    for (const { task } of events) expect(task).toMatchObject({ id, agentId: 'ticker' });
  });

  it('goes on behind Last-Event-ID, nothing left out, every snapshot as it was', async () => {
    const { id } = await tick(5, 60);
    const whole = await open(`/tasks/${id}/stream`, { 'last-event-id': '0' });
    await whole.ended;
    expect(whole.events[0]?.id).toBe(1);
    expect(ticksOf(whole.events.map(({ task }) => task)).at(-1)).toBe(5);
    const last = whole.events.at(-1)?.id ?? 0;
    // Again from each of them, now out of the record.
    for (let seen = 0; seen < last; seen++) {
      const rest = await open(`/tasks/${id}/stream`, { 'last-event-id': String(seen) });
      await rest.ended;
      const expected = whole.events.slice(seen).map(({ id: version, task }) => [version, task.status]);
      expect(rest.events.map(({ id: version, task }) => [version, task.status])).toEqual(expected);
      expect(ticksOf(rest.events.map(({ task }) => task))).toEqual(
        ticksOf(whole.events.slice(seen).map(({ task }) => task)),
      );
      expect(rest.events.at(-1)?.task).toEqual(whole.events.at(-1)?.task);
    }
    const over = await open(`/tasks/${id}/stream`, { 'last-event-id': String(last) });
    expect(over.status).toBe(204);
  });

  it('stays open while the task waits for its caller', async () => {
    const sessionId = newSession();
    const asked = await client.invoke(asking('caller', 'ask', { sessionId }));
    const { events, ended } = await open(`/tasks/${asked.id}/stream`);
    await until('the task as it stands', () => events[0]);
    expect(events[0]?.task.status).toBe('INPUT_REQUIRED');
    await client.invoke(asking('caller', 'red', { sessionId }));
    await ended;
    expect(events.at(-1)?.task).toMatchObject({ status: 'COMPLETED' });
  });

  it('of a task that has ended is its end', async () => {
    const { id } = await client.invoke(asking('caller', 'show'));
    const { events, ended } = await open(`/tasks/${id}/stream`);
    await ended;
    expect(events.map(({ task }) => task.status)).toEqual(['COMPLETED']);
  });

  it.each([
    ['/tasks/nothing/stream', {}, 404],
    ['/tasks/nothing', { accept: 'text/event-stream' }, 404],
    ['/tasks/nothing/stream', { 'last-event-id': 'x' }, 400],
  ])('%s %j: %s', async (path, headers, status) => {
    const response = await fetch(`${client.base}${path}`, { headers: headers as Record<string, string> });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status,
      body: { status },
    });
  });

  it('is closed when its client goes', async () => {
    const { id } = await client.invoke(
      asking('caller', 'wait', { configuration: { returnImmediately: true } }),
    );
    const streams = async () =>
      Number(/^\w*streams\w* (\d+)$/m.exec(await (await fetch(`${product.url}/metrics`)).text())?.[1]);
    const before = await streams();
    const gone = new AbortController();
    await fetch(`${client.base}/tasks/${id}/stream`, { signal: gone.signal });
    await until('the stream is open', async () => (await streams()) > before || undefined);
    gone.abort();
    await until('the stream is closed', async () => (await streams()) === before || undefined);
  });
});

describe('the client', () => {
  const words = (text: string) => ({ role: 'user' as const, parts: [{ text }] });

  it('invokes, gets, lists and cancels', async () => {
    const sessionId = newSession();
    const task = await agents.invoke({ agentId: 'caller', sessionId, message: words('show') });
    expect(task.status).toBe('COMPLETED');
    expect(await agents.get(task.id)).toEqual(task);
    expect((await agents.get(task.id, { historyLength: 1 })).messages).toHaveLength(1);
    expect(await agents.list({ sessionId, status: 'COMPLETED' })).toEqual({
      tasks: [task],
      nextCursor: null,
    });
    const configuration = { returnImmediately: true };
    const { id } = await agents.invoke({ agentId: 'caller', message: words('wait'), configuration });
    expect((await agents.cancel(id)).status).toBe('CANCELED');
    await expect(agents.cancel(id)).rejects.toThrow(expect.objectContaining({ status: 409 }));
  });

  it('tells what the host says', async () => {
    const error = await agents
      .invoke({ agentId: 'nobody', message: words('x') })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvokeError);
    expect(error).toMatchObject({ code: -32001, message: expect.stringMatching(/^agentId: /) });
    await expect(agents.get('nothing')).rejects.toMatchObject({ status: 404, message: 'Task not found' });
    await expect(agents.watch('nothing').next()).rejects.toMatchObject({ status: 404 });
  });

  it('asks again when an answer is lost, and the call is made once', async () => {
    let calls = 0;
    const losing = new InvokeClient({
      url: product.url,
      fetch: async (...request) => {
        const response = await fetch(...request);
        calls += 1;
        if (calls > 2) return response;
        await response.text();
        throw new TypeError('the connection broke');
      },
    });
    const sessionId = newSession();
    const task = await losing.invoke({ agentId: 'caller', sessionId, message: words('show') });
    expect(task.status).toBe('COMPLETED');
    expect(calls).toBe(3);
    expect((await agents.list({ sessionId })).tasks).toHaveLength(1);
  });

  it('asks for the headers of each request', async () => {
    const asked: string[] = [];
    const own = new InvokeClient({
      url: `${product.url}/`,
      headers: ({ method, url }) => {
        asked.push(`${method} ${url}`);
        return {};
      },
    });
    await own.list({ limit: 1 });
    expect(asked).toEqual([`GET ${client.base}/tasks`]);
  });

  it('stops watching when it is told to', async () => {
    const configuration = { returnImmediately: true };
    const { id } = await agents.invoke({ agentId: 'caller', message: words('wait'), configuration });
    const stop = new AbortController();
    const watching = agents.watch(id, { signal: stop.signal });
    await watching.next();
    stop.abort(new Error('enough'));
    await expect(
      (async () => {
        for await (const _ of watching);
      })(),
    ).rejects.toThrow('enough');
  });

  it('watches through a stream that is cut every second: no state lost, the end seen once', async () => {
    const seconds = process.env.FULL ? 60 : 5;
    // So long in all, however slowly this machine lets it tick.
    const { id } = await client.invoke(
      asking('ticker', [{ data: { everyMs: 200, forMs: seconds * 1_000 } }]),
    );
    let cuts = 0;
    const cutter = setInterval(() => {
      cuts += 1;
      proxy.close();
      proxy.open();
    }, 1_000);
    const seen: InvokeTask[] = [];
    try {
      const watching = new InvokeClient({ url: `http://${proxy.address}` });
      for await (const task of watching.watch(id)) seen.push(task);
    } finally {
      clearInterval(cutter);
    }
    expect(cuts).toBeGreaterThan(seconds / 2);
    const ticks = ticksOf(seen);
    const times = ticks.at(-1) ?? 0;
    expect((await agents.get(id)).artifacts[0]?.parts[0]?.data).toEqual({ at: times });
    expect(times).toBeGreaterThan(seconds / 2);
    // Each was seen, from the first that it saw on.
    expect([...new Set(ticks)]).toEqual(counted(times).slice((ticks[0] ?? 1) - 1));
    expect(seen.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
  }, 180_000);
});
