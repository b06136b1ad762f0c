/** Extensions (A2A v1.0 §3.2.6, §3.3.4, §4.6) on both HTTP transports and in both versions. */

import { AgentCard, Message } from '@a2a-js/sdk';
import { ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentSurface } from '../../src/a2a/surface.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { SNAPSHOTS_EXTENSION } from '../../src/agents/extensions.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf } from '../support/agents.ts';
import { NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { pushServiceOn } from '../support/push.ts';
import { collect, olderMessage, post, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog, startTaskGround, type TaskGround } from '../support/tasks.ts';

const NEEDED = 'https://example.com/extensions/needed/v1';
const EXTRA = 'https://example.com/extensions/extra/v1';

let ground: TaskGround;
let server: Awaited<ReturnType<typeof serveRouter>>;

beforeAll(async () => {
  ground = await startTaskGround();
  const catalog = new AgentCatalog([
    agentOf('echo', { extensions: [{ uri: EXTRA }] }),
    agentOf('strict', { extensions: [{ uri: NEEDED, required: true }, { uri: EXTRA }] }),
  ]);
  const { router } = agentSurface({
    catalog,
    cards: new CardBook({ catalog, publicUrl: 'http://host', modifiedAt: new Date() }),
    registry: { sync: async () => {}, search: async () => ({ total: 0, agents: [] }) },
    tasks: ground.tasks,
    files: ground.files,
    push: pushServiceOn(ground),
    publicUrl: 'http://host',
    cardVersion: '1.0',
    sendWaitMs: 300,
    maxBody: 100_000,
    requests: new OpenRequests(),
    refusals: async () => () => undefined,
    ...NO_LIMITS,
    log: silentLog,
  });
  server = await serveRouter('/a2a', router);
});

afterAll(async () => {
  await server.close();
  await ground.stop();
});

const V1 = { 'A2A-Version': '1.0' };
const rpcOn = (code: string, method: string, params: Wire, headers: Record<string, string>) =>
  post(`${server.url}/${code}`, { jsonrpc: '2.0', id: 1, method, params }, headers);
const message = (extensions: string[] = []) => userMessage('hello', { extensions });

/** The result of each event of a stream, and the headers it came with. */
async function streamed(path: string, body: Wire, headers: Record<string, string>) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const events = (await response.text()).split('\n').flatMap((line) => {
    if (!line.startsWith('data:')) return [];
    const event = JSON.parse(line.slice(5)) as Wire;
    return [event.result ?? event];
  });
  return { events, active: response.headers.get('a2a-extensions') };
}

describe('a client that asks for extensions', () => {
  it('is told which of them the card declares', async () => {
    const asked = `${EXTRA}, https://example.com/unknown ,${SNAPSHOTS_EXTENSION}`;
    const { headers, body } = await rpcOn(
      'echo',
      'SendMessage',
      { message: message() },
      { ...V1, 'A2A-Extensions': asked },
    );
    expect(body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
    expect(headers.get('a2a-extensions')).toBe(`${SNAPSHOTS_EXTENSION},${EXTRA}`);
  });

  it('in its message, too, and by the older header, which then answers', async () => {
    const inMessage = await rpcOn('echo', 'SendMessage', { message: message([EXTRA]) }, V1);
    expect(inMessage.headers.get('a2a-extensions')).toBe(EXTRA);
    const older = { message: olderMessage('hello') };
    const { headers } = await rpcOn('echo', 'message/send', older, { 'X-A2A-Extensions': EXTRA });
    expect(headers.get('x-a2a-extensions')).toBe(EXTRA);
    expect(headers.get('a2a-extensions')).toBe(EXTRA);
  });

  it('who asks for none is told of none', async () => {
    const { headers } = await rpcOn('echo', 'SendMessage', { message: message() }, V1);
    expect(headers.get('a2a-extensions')).toBeNull();
  });
});

describe('an extension that the agent requires', () => {
  const missing = { error: { code: -32008, message: expect.stringContaining(NEEDED) } };

  it('refuses who does not name it, before anything begins', async () => {
    const before = ground.engine.calls.length;
    expect((await rpcOn('strict', 'SendMessage', { message: message() }, V1)).body).toMatchObject(missing);
    expect((await rpcOn('strict', 'SendStreamingMessage', { message: message() }, V1)).body).toMatchObject(
      missing,
    );
    expect((await rpcOn('strict', 'GetTask', { id: 'x' }, V1)).body).toMatchObject(missing);
    expect(
      (await rpcOn('strict', 'message/send', { message: olderMessage('hello') }, {})).body,
    ).toMatchObject(missing);
    const rest = await post(`${server.url}/strict/rest/message:send`, { message: message() }, V1);
    expect(rest).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'EXTENSION_SUPPORT_REQUIRED' }] } },
    });
    expect(ground.engine.calls).toHaveLength(before);
  });

  it('lets in who names it', async () => {
    const byHeader = await rpcOn(
      'strict',
      'SendMessage',
      { message: message() },
      { ...V1, 'A2A-Extensions': NEEDED },
    );
    expect(byHeader.body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
    const inMessage = await rpcOn('strict', 'SendMessage', { message: message([NEEDED]) }, V1);
    expect(inMessage.body.result.task.status.state).toBe('TASK_STATE_COMPLETED');
  });
});

describe('with task snapshots every event of a stream is the whole task', () => {
  const asked = { 'A2A-Extensions': SNAPSHOTS_EXTENSION };

  it('JSON-RPC, v1.0', async () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'SendStreamingMessage', params: { message: message() } };
    const { events, active } = await streamed('/echo', body, { ...V1, ...asked });
    expect(active).toBe(SNAPSHOTS_EXTENSION);
    expect(events.length).toBeGreaterThan(1);
    expect(events.map((event) => Object.keys(event))).toEqual(events.map(() => ['task']));
    expect(events.at(-1).task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('HTTP+JSON', async () => {
    const path = '/echo/rest/message:stream';
    const { events, active } = await streamed(path, { message: message() }, { ...V1, ...asked });
    expect(active).toBe(SNAPSHOTS_EXTENSION);
    expect(events.map((event) => Object.keys(event))).toEqual(events.map(() => ['task']));
    expect(events.at(-1).task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('JSON-RPC, v0.3', async () => {
    const params = { message: olderMessage('hello') };
    const body = { jsonrpc: '2.0', id: 1, method: 'message/stream', params };
    const { events } = await streamed('/echo', body, asked);
    expect(events.map(({ kind }) => kind)).toEqual(events.map(() => 'task'));
    expect(events.at(-1).status.state).toBe('completed');
  });

  it('the official client’s own way to ask', async () => {
    const card = (await (await fetch(`${server.url}/echo/.well-known/agent-card.json`)).json()) as Wire;
    card.supportedInterfaces[0].url = `${server.url}/echo`;
    const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory()] });
    const client = await factory.createFromAgentCard(AgentCard.fromJSON(card));
    const request = {
      tenant: '',
      message: Message.fromJSON(message()),
      configuration: undefined,
      metadata: undefined,
    };
    const events = await collect(
      client.sendMessageStream(request, { serviceParameters: { 'A2A-Extensions': SNAPSHOTS_EXTENSION } }),
    );
    expect(events.map(({ payload }) => payload?.$case)).toEqual(events.map(() => 'task'));
  });
});
