import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentCard, type Part, Role, TaskState } from '@a2a-js/sdk';
import {
  AgentEvent,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express from 'express';
import { INPUT_SCHEMA_EXTENSION } from '../../src/agents/extensions.ts';

type Execute = (turn: Turn) => Promise<void> | void;

/** One turn of an agent, in few words. */
class Turn {
  readonly request: RequestContext;
  readonly #bus: ExecutionEventBus;

  constructor(request: RequestContext, bus: ExecutionEventBus) {
    this.request = request;
    this.#bus = bus;
  }

  get parts(): Part[] {
    return this.request.userMessage.parts;
  }

  get text(): string {
    return this.parts.flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : [])).join(' ');
  }

  begin(): void {
    const { task, taskId, contextId, userMessage } = this.request;
    const status = { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: undefined };
    const fresh = {
      id: taskId,
      contextId,
      status,
      artifacts: [],
      history: [userMessage],
      metadata: undefined,
    };
    this.#bus.publish(AgentEvent.task(task ?? fresh));
  }

  status(state: TaskState, text?: string): void {
    const { taskId, contextId } = this.request;
    const message = text === undefined ? undefined : this.#message(text);
    const status = { state, message, timestamp: new Date().toISOString() };
    this.#bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status, metadata: undefined }));
  }

  artifact(name: string, content: Part['content']): void {
    const { taskId, contextId } = this.request;
    const artifact = {
      artifactId: name,
      name,
      description: '',
      parts: [{ content, metadata: undefined, filename: '', mediaType: '' }],
      metadata: undefined,
      extensions: [],
    };
    const flags = { append: false, lastChunk: true, metadata: undefined };
    this.#bus.publish(AgentEvent.artifactUpdate({ taskId, contextId, artifact, ...flags }));
  }

  reply(text: string): void {
    this.#bus.publish(AgentEvent.message({ ...this.#message(text), taskId: '' }));
  }

  #message(text: string) {
    const { taskId, contextId } = this.request;
    return {
      messageId: randomUUID(),
      role: Role.ROLE_AGENT,
      parts: [
        {
          content: { $case: 'text' as const, value: text },
          metadata: undefined,
          filename: '',
          mediaType: '',
        },
      ],
      taskId,
      contextId,
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    };
  }
}

const AGENTS: Record<string, Execute> = {
  echo: (turn) => {
    turn.begin();
    for (const [at, part] of turn.parts.entries()) {
      if (part.content?.$case !== 'text') turn.artifact(`part ${at} ${part.filename}`, part.content);
    }
    turn.status(TaskState.TASK_STATE_COMPLETED, turn.text);
  },
  steps: (turn) => {
    turn.begin();
    turn.status(TaskState.TASK_STATE_WORKING, 'reading');
    turn.status(TaskState.TASK_STATE_WORKING, 'counting');
    turn.artifact('counts', { $case: 'data', value: { words: 3 } });
    turn.status(TaskState.TASK_STATE_COMPLETED, 'Done');
  },
  approval: (turn) => {
    turn.begin();
    if (turn.request.task === undefined)
      return turn.status(TaskState.TASK_STATE_INPUT_REQUIRED, 'Yes or no?');
    if (turn.text === 'no') return turn.status(TaskState.TASK_STATE_REJECTED, 'Refused');
    return turn.status(TaskState.TASK_STATE_COMPLETED, `Heard ${turn.text}`);
  },
  broken: (turn) => {
    turn.begin();
    turn.status(TaskState.TASK_STATE_FAILED, 'It broke');
  },
  talker: (turn) => turn.reply('Only words'),
  steering: (turn) => {
    turn.begin();
    turn.status(TaskState.TASK_STATE_COMPLETED, 'a\u001b[2Jb\u0007c');
  },
};

export interface StubHost {
  url: string;
  close(): Promise<void>;
}

/** A host with a few agents, made of the SDK's own server: what the CLI says to it is what any A2A server hears. */
export async function startStubHost({ ready = true } = {}): Promise<StubHost> {
  const app = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app.get('/healthz', (_req, res) => void res.json({ status: 'ok' }));
  app.get('/readyz', (_req, res) => {
    const temporal = ready ? { ok: true } : { ok: false, error: 'Temporal does not answer' };
    const checks = { database: { ok: true }, temporal, worker: { ok: true } };
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not-ready', checks });
  });
  app.post('/orchestrator/a2a/v1/agents/search', express.json(), (req, res) => {
    res.json(searchAnswer(req.body));
  });
  app.use('/orchestrator/a2a/v1/refusing', (_req, res) => {
    res.status(400).json({ message: 'no\u001b[2J thanks', status: 400 });
  });
  for (const [code, execute] of Object.entries(AGENTS)) mount(app, url, { code, execute });
  app.use((_req, res) => void res.status(404).json({ message: 'There is nothing here', status: 404 }));
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Hands out two at a time, whatever was asked for, so that a client has to turn pages. */
function searchAnswer({ query, skip = 0 }: { query?: string; skip?: number }) {
  const codes = Object.keys(AGENTS).filter((code) => code.includes(query ?? ''));
  const resources = codes.slice(skip, skip + 2).map((code) => ({
    id: code,
    name: `The ${code}`,
    description: `What ${code} does`,
    version: '1.0.0',
  }));
  return { registry_version: '1', resources, total_count: codes.length };
}

function mount(
  app: express.Express,
  base: string,
  { code, execute }: { code: string; execute: Execute },
): void {
  const path = `/orchestrator/a2a/v1/${code}`;
  const executor = {
    execute: async (request: RequestContext, bus: ExecutionEventBus) => {
      await execute(new Turn(request, bus));
      bus.finished();
    },
    cancelTask: async (taskId: string, bus: ExecutionEventBus) => {
      const status = { state: TaskState.TASK_STATE_CANCELED, message: undefined, timestamp: undefined };
      bus.publish(AgentEvent.statusUpdate({ taskId, contextId: '', status, metadata: undefined }));
    },
  };
  const requestHandler = new DefaultRequestHandler(
    cardOf(code, `${base}${path}`),
    new InMemoryTaskStore(),
    executor,
  );
  app.use(`${path}/.well-known/agent-card.json`, agentCardHandler({ agentCardProvider: requestHandler }));
  app.use(path, jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
}

const cardOf = (code: string, url: string): AgentCard =>
  AgentCard.fromJSON({
    name: `The ${code}`,
    description: `What ${code} does`,
    version: '1.0.0',
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    capabilities: {
      streaming: true,
      extensions: [{ uri: INPUT_SCHEMA_EXTENSION, params: { schema: { type: 'object' } } }],
    },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [
      { id: code, name: `Do ${code}`, description: 'A skill', tags: ['demo'], examples: ['like this'] },
    ],
  });
