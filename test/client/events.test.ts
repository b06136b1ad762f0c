import { expect, it } from 'vitest';
import { eventsIn, type ServerEvent } from '../../src/client/events.ts';
import { InvokeClient } from '../../src/client/index.ts';

async function read(...chunks: string[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of eventsIn(body)) events.push(event);
  return events;
}

it.each<[string, string[], ServerEvent[]]>([
  ['one', ['id: 1\ndata: {}\n\n'], [{ id: '1', type: 'message', data: '{}' }]],
  ['broken anywhere', ['id', ': 1\nda', 'ta: {}\n', '\n'], [{ id: '1', type: 'message', data: '{}' }]],
  ['lines that end otherwise', ['id: 1\r\ndata: a\r\n\r\n'], [{ id: '1', type: 'message', data: 'a' }]],
  ['several lines', ['data: a\ndata:b\n\n'], [{ id: undefined, type: 'message', data: 'a\nb' }]],
  ['a type', ['event: error\ndata: x\n\n'], [{ id: undefined, type: 'error', data: 'x' }]],
  ['comments', [': keep-alive\n\n', 'data: a\n\n'], [{ id: undefined, type: 'message', data: 'a' }]],
  ['one that is not whole', ['data: a\n\ndata: b'], [{ id: undefined, type: 'message', data: 'a' }]],
])('%s', async (_name, chunks, events) => {
  expect(await read(...chunks)).toEqual(events);
});

it('the host’s DPoP nonce reaches the proof of the next try', async () => {
  const nonces: (string | undefined)[] = [];
  const client = new InvokeClient({
    url: 'http://127.0.0.1:1',
    headers: ({ nonce }) => {
      nonces.push(nonce);
      return {};
    },
    fetch: async () =>
      nonces.at(-1) === 'n1'
        ? Response.json({ tasks: [], nextCursor: null })
        : new Response('{}', {
            status: 401,
            headers: { 'dpop-nonce': 'n1', 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
          }),
  });
  expect(await client.list()).toEqual({ tasks: [], nextCursor: null });
  expect(nonces).toEqual([undefined, 'n1']);
});
