/** Many streams, clients that go, and an orderly stop with everything open. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  killAllProducts,
  type Product,
  processesNaming,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { type Answer, agentUrl, call, collect, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const dataDir = await temporaryDataDir();
let product: Product;
const start = () => startProduct({ DATA_DIR: dataDir.path, DRAIN: '2' });
const url = (code: string) => agentUrl(product.url, code);

beforeAll(async () => {
  product = await start();
});

afterAll(async () => {
  await killAllProducts();
  await dataDir.remove();
});

const markdown = (sections: number) =>
  Array.from({ length: sections }, (_, at) => `# Part ${at}\nSome words here.`).join('\n');
const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];

async function send(code: string, parts: Wire, extra: Wire = {}, configuration: Wire = {}): Promise<Wire> {
  const params = { message: userMessage(parts, extra), configuration };
  return (await call(url(code), 'SendMessage', params, V1)).task;
}

/** `agent_host_streams` of /metrics. */
async function openStreams(): Promise<number> {
  const text = await (await fetch(`${product.url}/metrics`)).text();
  return Number(/^agent_host_streams (\d+)$/m.exec(text)?.[1]);
}

const streamsAre = (count: number, withinMs?: number) =>
  until(`${count} open streams`, async () => ((await openStreams()) === count ? true : undefined), withinMs);

it('200 streams at once on one task each see every change, in the same order', async () => {
  const { id } = await send('document-digest', ' ', { metadata: { pauseMs: 50 } });
  const streams = Array.from({ length: 200 }, () =>
    collect(stream(url('document-digest'), 'SubscribeToTask', { id }, V1)),
  );
  await streamsAre(200);
  await send('document-digest', markdown(12), { taskId: id });
  const [first, ...others] = (await Promise.all(streams)).map((events) => JSON.stringify(events));
  expect(others.filter((events) => events !== first)).toEqual([]);
  const events = JSON.parse(first as string) as Wire[];
  const says = events.flatMap(({ statusUpdate }) => statusUpdate?.status.message?.parts[0].text ?? []);
  const steps = Array.from({ length: 12 }, (_, at) => `Counted ${at} of 12 sections`);
  expect(says.slice(0, -1)).toEqual(steps);
  expect(events.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
  await streamsAre(0, 1_000);
});

describe('a client that goes', () => {
  it.each([
    ['SubscribeToTask', '', '1.0'],
    ['SubscribeToTask', '/stream', '1.0'],
    ['tasks/resubscribe', '', '0.3'],
  ])('%s on /{code}%s (v%s): its subscription ends within a second', async (method, path, version) => {
    const { id } = await send('expense-approval', chair);
    const before = await openStreams();
    const leave = new AbortController();
    const options = { version, signal: leave.signal };
    const events = stream(`${url('expense-approval')}${path}`, method, { id }, options);
    await events.next();
    await streamsAre(before + 1);
    leave.abort();
    await streamsAre(before, 1_000);
  });

  it('the stream of a send, too; the task goes on', async () => {
    const before = await openStreams();
    const message = userMessage(markdown(4), { metadata: { pauseMs: 300 } });
    const events = stream(url('document-digest'), 'SendStreamingMessage', { message }, V1);
    const { value } = await events.next();
    await streamsAre(before + 1);
    await events.return();
    await streamsAre(before, 1_000);
    const { id } = value.task;
    await until('its end', async () => {
      const task = await call(url('document-digest'), 'GetTask', { id }, V1);
      return task.status.state === 'TASK_STATE_COMPLETED' ? true : undefined;
    });
  });

  it('and one that waited for an answer', async () => {
    const before = await openStreams();
    const leave = new AbortController();
    const message = userMessage(markdown(4), { metadata: { pauseMs: 60_000 } });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } });
    const headers = { 'content-type': 'application/json', 'A2A-Version': '1.0' };
    const waiting = fetch(url('document-digest'), { method: 'POST', headers, body, signal: leave.signal });
    await streamsAre(before + 1);
    leave.abort();
    await expect(waiting).rejects.toThrow();
    await streamsAre(before, 1_000);
  });
});

it.runIf(process.env.FULL)('a stream in which nothing happens carries a comment every 15 s', async () => {
  const { id } = await send('expense-approval', chair);
  const leave = new AbortController();
  const response = await fetch(url('expense-approval'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tasks/resubscribe', params: { id } }),
    signal: leave.signal,
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toMatch(/no-cache|no-store/);
  const began = performance.now();
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (/^:/m.test(text)) break;
  }
  leave.abort();
  expect(performance.now() - began).toBeLessThan(17_000);
});

describe('SIGTERM with tasks and streams open', () => {
  let expense: Wire;
  let digest: Wire;
  let stopped: { code: number | null; tookMs: number };
  let seen: Wire[][];
  let waited: Wire;
  let draining: Response;
  let served: Answer;

  it('ends within 10 s with exit code 0', async () => {
    expense = await send('expense-approval', chair);
    digest = await send(
      'document-digest',
      markdown(30),
      { metadata: { pauseMs: 150 } },
      { returnImmediately: true },
    );
    const before = await openStreams();
    const streams = [
      ...Array.from({ length: 20 }, () =>
        collect(stream(url('expense-approval'), 'SubscribeToTask', { id: expense.id }, V1)),
      ),
      collect(stream(url('document-digest'), 'tasks/resubscribe', { id: digest.id })),
    ];
    const message = userMessage(markdown(30), { metadata: { pauseMs: 60_000 } });
    const sending = rpc(url('document-digest'), 'SendMessage', { message }, V1);
    await streamsAre(before + 22);
    const began = performance.now();
    const ending = product.end('SIGTERM');
    const readyz = () => fetch(`${product.url}/readyz`);
    draining = await until('it says that it stops', async () => {
      const answer = await readyz();
      return answer.ok ? undefined : answer;
    });
    served = await rpc(url('expense-approval'), 'GetTask', { id: expense.id }, V1);
    const { code } = await ending;
    stopped = { code, tookMs: performance.now() - began };
    // A connection that broke would reject here.
    seen = await Promise.all(streams);
    waited = (await sending).body;
    expect(stopped.code).toBe(0);
    expect(stopped.tookMs).toBeLessThan(10_000);
  });

  it('meanwhile it answers as before, on connections that are not kept, and is not ready', async () => {
    expect([draining.status, await draining.json()]).toEqual([
      503,
      expect.objectContaining({ status: 'stopping' }),
    ]);
    expect([served.status, served.body.result.status.state]).toEqual([200, 'TASK_STATE_INPUT_REQUIRED']);
    expect(served.headers.get('connection')).toBe('close');
  });

  it('the streams ended cleanly, without a made-up end', () => {
    for (const events of seen.slice(0, 20)) expect(events).toHaveLength(1);
    expect(JSON.stringify(seen)).not.toMatch(/COMPLETED|CANCELED|FAILED|"final":true|"canceled"/);
  });

  it('who waited for an answer got the task as it stood', () => {
    expect(waited.result?.task.status.state ?? waited.error?.code).toMatch(/SUBMITTED|WORKING/);
  });

  it('nothing is left running', async () => {
    // The servers' guards notice a moment later.
    await until(
      'nothing left',
      async () => ((await processesNaming(dataDir.path))[0] ? undefined : true),
      1_000,
    );
  });

  it('after the next start the tasks go on', async () => {
    product = await start();
    const done = await send('expense-approval', 'yes', { taskId: expense.id });
    expect(done.status.state).toBe('TASK_STATE_COMPLETED');
    const events = await collect(stream(url('document-digest'), 'SubscribeToTask', { id: digest.id }, V1));
    expect(events.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
    const { id } = waited.result.task;
    const canceled = await call(url('document-digest'), 'CancelTask', { id }, V1);
    expect(canceled.status.state).toBe('TASK_STATE_CANCELED');
  });
});
