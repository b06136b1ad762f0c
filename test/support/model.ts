import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Wire } from './rpc.ts';

/** What a model is asked: the body of a chat-completions request, and what its last message says. */
export interface Asked {
  body: Wire;
  authorization: string | undefined;
  /** What its user said first. */
  user: string;
  /** How many answers it has given in this chat. */
  step: number;
  /** What the last message says. */
  last: string;
}

/** A message of the model; or what is answered in its place, as it is. */
export type Reply = { content?: string; calls?: [name: string, given: unknown][] } | Raw;

interface Raw {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

/** A model that says what the test has it say. */
export interface TestModel {
  /** Base URL, as `MODEL_URL` takes it. */
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

export async function startModel(
  reply: (asked: Asked) => Reply | Promise<Reply>,
  port = 0,
): Promise<TestModel> {
  const asked: Asked[] = [];
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const body = JSON.parse(text) as Wire;
    const now: Asked = {
      body,
      authorization: req.headers.authorization,
      user: body.messages[1].content,
      step: body.messages.filter(({ role }: Wire) => role === 'assistant').length,
      last: body.messages.at(-1).content,
    };
    asked.push(now);
    const answer = req.url === '/v1/chat/completions' ? await reply(now) : { status: 404 };
    if ('status' in answer) {
      res.writeHead(answer.status, answer.headers).end(answer.body ?? 'the key is sk-model-key');
      return;
    }
    const tool_calls = answer.calls?.map(([name, given], index) => ({
      id: `call_${now.step}_${index}`,
      type: 'function',
      function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) },
    }));
    const message = { role: 'assistant', content: answer.content ?? null, ...(tool_calls && { tool_calls }) };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ choices: [{ index: 0, message }], usage: { total_tokens: 100 } }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
