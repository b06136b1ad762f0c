import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentCard, Message, Task } from '@a2a-js/sdk';
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express from 'express';
import type { Wire } from './rpc.ts';

export interface RemoteServer {
  url: string;
  cardUrl: string;
  /** The headers of each call. */
  calls: IncomingHttpHeaders[];
  /** The JSON-RPC request of each, of an agent on the SDK's server. */
  requests: Wire[];
  /** How often it set to work. */
  runs: number;
  close(): Promise<void>;
}

/** How long it takes over what it is told. */
const TAKES_MS: Record<string, number> = { slow: 1_500, slower: 6_000, never: 3_600_000 };

/** Does what its message says: `ask`, `fail`, `slow`, `slower` (and is paid), `never`, `reply`, `pay`; anything else comes back as data. */
class Executor implements AgentExecutor {
  runs = 0;

  async execute({ taskId, contextId, userMessage }: RequestContext, bus: ExecutionEventBus): Promise<void> {
    this.runs += 1;
    const texts = userMessage.parts.flatMap(({ content }) =>
      content?.$case === 'text' ? content.value : [],
    );
    const [text = ''] = texts;
    const message = (said: string) =>
      Message.fromJSON({
        messageId: `m-${said}`,
        role: 'ROLE_AGENT',
        contextId,
        taskId,
        parts: [{ text: said }],
      });
    const publish = (state: string, said: string, more: object = {}) =>
      bus.publish(
        AgentEvent.task(
          Task.fromJSON({
            id: taskId,
            contextId,
            status: { state, message: Message.toJSON(message(said)), timestamp: new Date().toISOString() },
            ...more,
          }),
        ),
      );
    if (text === 'reply') bus.publish(AgentEvent.message({ ...message('hello'), taskId: '' }));
    else if (text === 'ask') publish('TASK_STATE_INPUT_REQUIRED', 'Which one?');
    else if (text === 'fail') publish('TASK_STATE_FAILED', 'it broke');
    else {
      if (text in TAKES_MS) {
        publish('TASK_STATE_WORKING', 'at it');
        await delay(TAKES_MS[text], undefined, { ref: false });
      }
      const metadata =
        text === 'pay' || text === 'slower'
          ? { payment_receipt: { paid: '15', currency: 'AUD' } }
          : undefined;
      const parts = [{ data: { echoed: texts, metadata: userMessage.metadata ?? {} } }];
      publish('TASK_STATE_COMPLETED', 'done', {
        artifacts: [{ artifactId: 'a', name: 'echo', parts }],
        ...(metadata && { metadata }),
      });
    }
    bus.finished();
  }

  cancelTask = async (): Promise<void> => {};
}

/** Knows a message that comes again by its id, and answers it with what came of it. */
class KnowsMessages extends DefaultRequestHandler {
  readonly #sent = new Map<string, ReturnType<DefaultRequestHandler['sendMessage']>>();

  override sendMessage(...[request, context]: Parameters<DefaultRequestHandler['sendMessage']>) {
    const { messageId = '' } = request.message ?? {};
    const sent = this.#sent.get(messageId) ?? super.sendMessage(request, context);
    this.#sent.set(messageId, sent);
    return sent;
  }
}

/** An agent on the official SDK's own server. */
export async function startRemoteAgent(card: object = {}, protocolVersion = '1.0'): Promise<RemoteServer> {
  const calls: IncomingHttpHeaders[] = [];
  const app = express();
  const server = await listening(app);
  const agentCard = AgentCard.fromJSON({
    name: 'Remote',
    description: 'An agent elsewhere.',
    version: '1.2.3',
    supportedInterfaces: [{ url: `${server.url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion }],
    capabilities: {},
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'remote', name: 'Remote', description: 'Does it elsewhere.', tags: ['test'] }],
    ...card,
  });
  const executor = new Executor();
  const handler = new KnowsMessages(agentCard, new InMemoryTaskStore(), executor);
  const requests: Wire[] = [];
  app.use('/rpc', express.json(), (req, _res, next) => {
    calls.push(req.headers);
    requests.push(req.body);
    next();
  });
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: handler }));
  app.use(
    '/rpc',
    jsonRpcHandler({
      requestHandler: handler,
      userBuilder: UserBuilder.noAuthentication,
      legacyCompat: { enabled: true },
    }),
  );
  return {
    ...server,
    calls,
    requests,
    get runs() {
      return executor.runs;
    },
    cardUrl: `${server.url}/.well-known/agent-card.json`,
  };
}

/** An agent whose card is in order and whose calls are answered so. */
export async function startWrongAgent(answer: RequestListener, card: object = {}): Promise<RemoteServer> {
  const calls: IncomingHttpHeaders[] = [];
  const server = await listening((req, res) => {
    if (req.url !== '/.well-known/agent-card.json') {
      calls.push(req.headers);
      answer(req, res);
      return;
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        name: 'Wrong',
        description: 'Does not answer as it should.',
        version: '1.0.0',
        supportedInterfaces: [
          { url: `${server.url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
        ],
        capabilities: {},
        defaultInputModes: ['text/plain'],
        defaultOutputModes: ['text/plain'],
        skills: [{ id: 'wrong', name: 'Wrong', description: 'None.', tags: ['test'] }],
        ...card,
      }),
    );
  });
  return {
    ...server,
    calls,
    requests: [],
    runs: 0,
    cardUrl: `${server.url}/.well-known/agent-card.json`,
  };
}

async function listening(listener: RequestListener): Promise<Pick<RemoteServer, 'url' | 'close'>> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
