/** A model behind the chat-completions API, as OpenAI made it and many others have it. */
import { z } from 'zod';
import { createFetch } from '../outbound/fetch.ts';
import type { Asking, Thought } from './contract.ts';

export interface ModelSettings {
  /** Base URL: `/chat/completions` is below it. */
  url: string;
  name: string;
  key?: string | undefined;
}

/** The model did not answer. What it said stays here: it may repeat the key. The message may be shown. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** It may answer when it is asked again. */
  readonly passing: boolean;
  /** When it said it may be asked again. */
  readonly retryAfterMs: number | undefined;
  /** It answered with what nobody understands. */
  readonly muddled: boolean;

  constructor(
    message: string,
    {
      passing,
      retryAfterMs,
      muddled = false,
    }: { passing: boolean; retryAfterMs?: number; muddled?: boolean },
  ) {
    super(message);
    this.passing = passing;
    this.retryAfterMs = retryAfterMs;
    this.muddled = muddled;
  }
}

const MAX_ANSWER_BYTES = 1_000_000;
/** Past it the model counts as gone. */
const IDLE_MS = 120_000;
/** Whoever asks for more is not waited for in any case. */
const LONGEST_WAIT_S = 86_400;
const TRY_AGAIN = [408, 409, 425, 429];

const answerSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: z.string().nullish(),
                function: z.object({ name: z.string(), arguments: z.string().nullish() }),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ total_tokens: z.number().nonnegative().nullish() }).nullish(),
});

export type AskModel = (asking: Pick<Asking, 'messages' | 'tools'>, signal: AbortSignal) => Promise<Thought>;

/** @returns what asks the model once. It throws ModelError, and what `signal` aborts with. */
export function openModel({ url, name, key }: ModelSettings): AskModel {
  const fetchModel = createFetch({ addresses: undefined, maxBytes: MAX_ANSWER_BYTES, idleMs: IDLE_MS });
  const address = `${url.replace(/\/+$/, '')}/chat/completions`;
  return async ({ messages, tools }, signal) => {
    let status: number;
    let text: string;
    try {
      const response = await fetchModel(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ model: name, messages, tools }),
        signal,
      });
      status = response.status;
      text = await response.text();
      if (status !== 200) throw refusedBy(response);
    } catch (error) {
      if (signal.aborted || error instanceof ModelError) throw error;
      throw new ModelError('The model cannot be reached', { passing: true });
    }
    return thoughtIn(text);
  };
}

function refusedBy({ status, headers }: Response): ModelError {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return new ModelError(`The model answered with status ${status}`, {
    passing: status >= 500 || TRY_AGAIN.includes(status),
    ...(seconds >= 0 && { retryAfterMs: Math.min(seconds, LONGEST_WAIT_S) * 1_000 }),
  });
}

function thoughtIn(text: string): Thought {
  const { data } = answerSchema.safeParse(parsed(text));
  const message = data?.choices[0]?.message;
  const calls = message?.tool_calls ?? [];
  const said = message?.content?.trim() || null;
  if (said === null && calls.length === 0) {
    throw new ModelError('The model gave no answer that can be understood', {
      passing: true,
      muddled: true,
    });
  }
  return {
    text: said,
    calls: calls.map(({ id, function: { name, arguments: given } }, index) => ({
      // Some models name no call: within one answer its place is as good.
      id: id || `call-${index}`,
      type: 'function',
      function: { name, arguments: given || '{}' },
    })),
    tokens: data?.usage?.total_tokens ?? 0,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
