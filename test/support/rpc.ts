import { randomUUID } from 'node:crypto';

// biome-ignore lint/suspicious/noExplicitAny: wire answers are looked into freely
export type Wire = any;

export const agentUrl = (base: string, code: string): string => `${base}/orchestrator/a2a/v1/${code}`;

export interface Answer {
  status: number;
  headers: Headers;
  body: Wire;
}

/** A version header; without one a request counts as v0.3's. */
export interface RpcOptions {
  version?: string;
  id?: string | number;
}

/** One JSON-RPC request as an outside client makes it; no version header unless given. */
export const rpc = (
  url: string,
  method: string,
  params: unknown,
  { version, id = 1 }: RpcOptions = {},
): Promise<Answer> => post(url, { jsonrpc: '2.0', id, method, params }, versionHeader(version));

const versionHeader = (version: string | undefined): Record<string, string> =>
  version === undefined ? {} : { 'A2A-Version': version };

/** Any body, as JSON unless it is a string; the answer's body is undefined when it is empty. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** What a request that must succeed gives. */
export async function call(
  url: string,
  method: string,
  params: unknown,
  options: RpcOptions = {},
): Promise<Wire> {
  const { status, body } = await rpc(url, method, params, options);
  if (status !== 200 || body.error) throw new Error(`${method}: ${status} ${JSON.stringify(body)}`);
  return body.result;
}

export interface StreamOptions {
  version?: string;
  signal?: AbortSignal;
  /** Told once the stream is open, before its first event. */
  onOpen?(): void;
}

/** Opens a stream and gives its events' results as they come; ends with the stream. */
export async function* stream(
  url: string,
  method: string,
  params: unknown,
  { version, signal, onOpen }: StreamOptions = {},
): AsyncGenerator<Wire, void, undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...versionHeader(version) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    ...(signal && { signal }),
  });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    throw new Error(`not a stream: ${response.status} ${await response.text()}`);
  }
  onOpen?.();
  let buffer = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    buffer += decoder.decode(chunk, { stream: true });
    for (let end = buffer.indexOf('\n\n'); end !== -1; end = buffer.indexOf('\n\n')) {
      const block = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      const data = block.split('\n').find((line) => line.startsWith('data:'));
      if (data === undefined) continue;
      const event = JSON.parse(data.slice(5)) as Wire;
      if (event.error) throw new Error(`stream error: ${JSON.stringify(event.error)}`);
      yield event.result;
    }
  }
}

/** All of a stream that ends by itself. */
export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A v1.0 user message. */
export const userMessage = (parts: Wire[] | string, extra: Wire = {}): Wire => ({
  role: 'ROLE_USER',
  messageId: randomUUID(),
  parts: typeof parts === 'string' ? [{ text: parts }] : parts,
  ...extra,
});

/** A v0.3 user message. */
export const olderMessage = (parts: Wire[] | string, extra: Wire = {}): Wire => ({
  kind: 'message',
  role: 'user',
  messageId: randomUUID(),
  parts: typeof parts === 'string' ? [{ kind: 'text', text: parts }] : parts,
  ...extra,
});
