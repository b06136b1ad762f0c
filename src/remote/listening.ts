import type { JsonObject } from '../receipts/receipt.ts';
import type { Json } from '../tasks/task.ts';
import type { Present } from './credentials.ts';
import { refusedCaller } from './errors.ts';
import { checkAnswer } from './wire.ts';

/** What came of the last request: the body, as the agent gave it. */
export interface Heard {
  body?: Json;
}

export interface Listening {
  heard: Heard;
  /** Puts the credential into each request. */
  present: Present | undefined;
  envelope: JsonObject | undefined;
}

/** Keeps each JSON answer beside what the client makes of it, presents the credential, and sends an envelope as it is. */
export function listening(inner: typeof fetch, { heard, present, envelope }: Listening): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    present?.(url, headers);
    const asked = readJson(init?.body);
    const body = envelope === undefined ? init?.body : JSON.stringify(enveloped(asked, envelope));
    const response = await inner(url, { ...init, headers, ...(body === undefined ? {} : { body }) });
    const refused = refusedCaller(response.status, present !== undefined);
    if (refused !== undefined) {
      await response.body?.cancel();
      throw refused;
    }
    if (!/json/.test(response.headers.get('content-type') ?? '')) return response;
    const text = await response.text();
    const answer = readJson(text);
    if (answer !== undefined) {
      checkAnswer(answer);
      heard.body = answer;
    }
    const shown = envelope === undefined ? text : JSON.stringify(answeringTo(asked, answer) ?? text);
    return new Response(shown, { status: response.status, headers: response.headers });
  };
}

/**
 * A request of the protocol's client with the caller's own words: a whole JSON-RPC request, the parameters of a send,
 * or a message alone. Over HTTP+JSON there are only parameters.
 */
function enveloped(asked: Json | undefined, envelope: JsonObject): JsonObject {
  const request = isObject(asked) ? asked : {};
  const params =
    'params' in envelope ? envelope.params : 'message' in envelope ? envelope : { message: envelope };
  if (!('jsonrpc' in request)) return params as JsonObject;
  return 'params' in envelope ? { ...request, ...envelope } : { ...request, params: params as Json };
}

/** The client looks for the id that it gave. */
function answeringTo(asked: Json | undefined, answer: Json | undefined): Json | undefined {
  if (!isObject(answer) || !isObject(asked) || !('jsonrpc' in answer) || asked.id === undefined)
    return answer;
  return { ...answer, id: asked.id };
}

function readJson(text: unknown): Json | undefined {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as Json) : undefined;
  } catch {
    // The client says so.
    return undefined;
  }
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
