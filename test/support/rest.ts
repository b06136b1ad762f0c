import type { Wire } from './rpc.ts';

/** Opens a stream of HTTP+JSON and gives its events as they come; ends with the stream. */
export async function* restStream(
  url: string,
  body: unknown,
  verb = 'POST',
): AsyncGenerator<Wire, void, undefined> {
  const response = await fetch(url, {
    method: verb,
    headers: { 'A2A-Version': '1.0', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    throw new Error(`not a stream: ${response.status} ${await response.text()}`);
  }
  let buffer = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    buffer += decoder.decode(chunk, { stream: true });
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith('data:')) yield JSON.parse(block.slice(5));
    }
  }
}
