import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Response } from 'express';
import { afterEach, expect, test, vi } from 'vitest';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { writeEvents } from '../../src/web/sse.ts';
import { until } from '../support/until.ts';

let server: Server | undefined;

afterEach(async () => {
  vi.useRealTimers();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** Serves one stream and gives the client's side of it. */
async function open(answer: (res: Response) => Promise<void>): Promise<IncomingMessage> {
  const app = express().get('/', (_req, res) => answer(res));
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const request = get({ host: '127.0.0.1', port });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

/** Events under a test's control: what was taken, and whether the source was left. */
function source(count: number, make: (index: number) => unknown = (index) => ({ index })) {
  const state = { taken: 0, left: false };
  const events = (async function* () {
    try {
      while (state.taken < count) {
        state.taken += 1;
        yield make(state.taken);
      }
    } finally {
      state.left = true;
    }
  })();
  return { state, events };
}

const write = async (
  res: Response,
  events: AsyncGenerator<unknown>,
  onError = (error: unknown): unknown => error,
) => writeEvents(res, events, await events.next(), onError);

test('events are written in order, whole, and the stream ends cleanly', async () => {
  const { events, state } = source(3, (index) => ({ index, text: 'a\nb\u2028c' }));
  const response = await open((res) => write(res, events));
  expect(response.headers['content-type']).toBe('text/event-stream');
  expect(response.headers['cache-control']).toContain('no-cache');
  const blocks = (await textOf(response)).split('\n\n').filter((block) => block !== '');
  expect(blocks.map((block) => JSON.parse(block.replace(/^data: ?/, '')))).toEqual(
    [1, 2, 3].map((index) => ({ index, text: 'a\nb\u2028c' })),
  );
  expect(state.left).toBe(true);
});

test('HEAD is told the headers, and its connection is free at once', async () => {
  const { events, state } = source(3);
  const endless = (async function* () {
    yield* events;
    await new Promise(() => {});
  })();
  const app = express().head('/', (_req, res) => writeEvents(res, endless, undefined, () => undefined));
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, method: 'HEAD' }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.headers['content-type']).toBe('text/event-stream');
  response.resume();
  await once(response, 'end');
  expect(state.taken).toBe(0);
});

test('a source without events is an empty stream', async () => {
  expect(await textOf(await open((res) => write(res, source(0).events)))).toBe('');
});

test('a failure on the way is one last error event', async () => {
  const failing = (async function* () {
    yield { index: 1 };
    throw new Error('secret');
  })();
  const response = await open((res) => write(res, failing, () => ({ error: { code: -32603 } })));
  const text = await textOf(response);
  expect(text).toMatch(/^data: \{"index":1\}\n\nevent: error\ndata: \{"error":\{"code":-32603\}\}\n\n$/);
  expect(text).not.toContain('secret');
});

test('a comment comes every 15 s while nothing happens, and none after the end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let end: (() => void) | undefined;
  const quiet = (async function* () {
    yield { index: 1 };
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  })();
  const response = await open((res) => write(res, quiet));
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const comments = () => text.match(/^: .*\n\n/gm)?.length ?? 0;
  await until('the first event', () => (text.includes('"index":1') ? true : undefined));
  vi.advanceTimersByTime(14_999);
  vi.advanceTimersByTime(1);
  await until('a comment', () => (comments() === 1 ? true : undefined));
  vi.advanceTimersByTime(30_000);
  await until('two more', () => (comments() === 3 ? true : undefined));
  end?.();
  await once(response, 'end');
  expect(vi.getTimerCount()).toBe(0);
});

test('events are taken no faster than the client reads', async () => {
  const LARGE = 'x'.repeat(256 * 1024);
  const { events, state } = source(500, () => LARGE);
  const response = await open((res) => write(res, events));
  // Nobody reads: what the sockets between hold is taken, and no more.
  let before = -1;
  await until('it stands still', async () => {
    const now = state.taken;
    if (now === before && now > 1) return true;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return undefined;
  });
  expect(state.taken).toBeLessThan(100);
  const text = await textOf(response);
  expect(text.match(/^data:/gm)).toHaveLength(500);
});

test('a client that goes ends the source, while it waits for an event', async () => {
  const requests = new OpenRequests();
  let left = false;
  const response = await open((res) => {
    const signal = requests.signalFor(res);
    const waiting = (async function* () {
      try {
        yield { index: 1 };
        await once(signal, 'abort');
      } finally {
        left = true;
      }
    })();
    return write(res, waiting);
  });
  await once(response, 'readable');
  response.destroy();
  await until('the source is left', () => left || undefined);
});

test('a client that goes ends the source, while the stream waits for the client', async () => {
  const { events, state } = source(500, () => 'x'.repeat(256 * 1024));
  let written: Promise<void> | undefined;
  const response = await open((res) => {
    written = write(res, events);
    return written;
  });
  response.on('error', () => undefined);
  response.destroy();
  await written;
  expect(state.left).toBe(true);
  expect(state.taken).toBeLessThan(500);
});

test('a host that stops ends every stream cleanly, and those that come later', async () => {
  const requests = new OpenRequests();
  const response = await open((res) => {
    const signal = requests.signalFor(res);
    const waiting = (async function* () {
      yield { index: 1 };
      if (!signal.aborted) await once(signal, 'abort');
    })();
    return write(res, waiting);
  });
  await once(response, 'readable');
  expect(requests.stopping).toBe(false);
  requests.stop();
  expect(await textOf(response)).toContain('"index":1');
  expect(response.complete).toBe(true);
  expect(requests.stopping).toBe(true);
});
