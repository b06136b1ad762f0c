/** HTTP+JSON (A2A v1.0 §11) over a real server, database and feed. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentSurface } from '../../src/a2a/surface.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf } from '../support/agents.ts';
import { NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { pushServiceOn } from '../support/push.ts';
import { restStream } from '../support/rest.ts';
import { collect, userMessage, type Wire } from '../support/rpc.ts';
import { silentLog, startTaskGround, type TaskGround } from '../support/tasks.ts';

const MAX_BODY = 100_000;
const requests = new OpenRequests();
let ground: TaskGround;
let server: Awaited<ReturnType<typeof serveRouter>>;
let base: string;

beforeAll(async () => {
  ground = await startTaskGround();
  const catalog = new AgentCatalog([agentOf('echo')]);
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
    maxBody: MAX_BODY,
    requests,
    refusals: async () => () => undefined,
    ...NO_LIMITS,
    log: silentLog,
  });
  server = await serveRouter('/a2a', router);
  base = `${server.url}/echo/rest`;
});

afterAll(async () => {
  await server.close();
  await ground.stop();
});

interface RestAnswer {
  status: number;
  type: string;
  body: Wire;
}

async function rest(verb: string, path: string, body?: unknown, headers: Wire = {}): Promise<RestAnswer> {
  const response = await fetch(`${base}${path}`, {
    method: verb,
    headers: { 'A2A-Version': '1.0', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, body: await response.json() };
}

const send = async (text: string, extra: Wire = {}): Promise<Wire> => {
  const { status, body } = await rest('POST', '/message:send', {
    message: userMessage(text, extra),
    configuration: { returnImmediately: text === 'hold' },
  });
  expect(status).toBe(200);
  return body.task;
};

/** An error in the shape of AIP-193 with the protocol's own details (§11.6). */
const refusal = (http: number, status: string, reason?: string) => ({
  status: http,
  body: {
    error: {
      code: http,
      status,
      message: expect.any(String),
      details:
        reason === undefined
          ? []
          : [
              {
                '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
                reason,
                domain: 'a2a-protocol.org',
              },
            ],
    },
  },
});

describe('each operation has its path (§11.3)', () => {
  it('sends a message and answers with the task', async () => {
    const { status, type, body } = await rest('POST', '/message:send', { message: userMessage('hello') });
    expect({ status, type }).toEqual({ status: 200, type: 'application/json; charset=utf-8' });
    expect(body.task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('streams a message: first the task, then its changes (§11.7)', async () => {
    const events = await collect(restStream(`${base}/message:stream`, { message: userMessage('hello') }));
    expect(Object.keys(events[0])).toEqual(['task']);
    expect(events.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('gives a task with as much history as is asked for', async () => {
    const { id } = await send('hello');
    expect((await rest('GET', `/tasks/${id}`)).body.history).toHaveLength(2);
    expect((await rest('GET', `/tasks/${id}?historyLength=1`)).body.history).toHaveLength(1);
    expect((await rest('GET', `/tasks/${id}?historyLength=0`)).body.history).toBeUndefined();
  });

  it('cancels a task, with a body or without one', async () => {
    for (const body of [undefined, {}, { metadata: { why: 'enough' } }]) {
      const { id } = await send('hold');
      const canceled = await rest('POST', `/tasks/${id}:cancel`, body);
      expect(canceled.body).toMatchObject({ id, status: { state: 'TASK_STATE_CANCELED' } });
    }
  });

  it.each(['GET', 'POST'])('subscribes to a task by %s', async (verb) => {
    const { id } = await send('ask');
    const events = restStream(`${base}/tasks/${id}:subscribe`, undefined, verb);
    expect((await events.next()).value.task.id).toBe(id);
    await send('done', { taskId: id });
    const rest = await collect(events);
    expect(rest.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
  });
});

describe('lists tasks by query parameters (§11.5)', () => {
  it('filters by context and state, pages by a cursor, and leaves artifacts out', async () => {
    const contextId = randomUUID();
    const ids = [];
    for (const text of ['one', 'two', 'three']) ids.unshift((await send(text, { contextId })).id);
    await send('ask', { contextId });
    const query = `/tasks?contextId=${contextId}&status=TASK_STATE_COMPLETED&pageSize=2`;
    const first = (await rest('GET', query)).body;
    expect(first).toMatchObject({ pageSize: 2, totalSize: 3 });
    const second = (await rest('GET', `${query}&pageToken=${first.nextPageToken}`)).body;
    expect([...first.tasks, ...second.tasks].map(({ id }: Wire) => id)).toEqual(ids);
    expect(second.nextPageToken).toBe('');
    expect(first.tasks.every((task: Wire) => !('artifacts' in task))).toBe(true);
    const whole = (await rest('GET', `${query}&includeArtifacts=true&historyLength=1`)).body.tasks[0];
    expect(whole.artifacts).toBeInstanceOf(Array);
    expect(whole.history).toHaveLength(1);
  });

  it('takes a state by its short name, and an empty parameter as none', async () => {
    const contextId = randomUUID();
    await send('ask', { contextId });
    const query = `/tasks?contextId=${contextId}&pageToken=&pageSize=&status=`;
    expect((await rest('GET', query)).body).toMatchObject({ totalSize: 1, pageSize: 50 });
    expect((await rest('GET', `${query}input-required`)).body.totalSize).toBe(1);
    expect((await rest('GET', `${query}working`)).body.totalSize).toBe(0);
  });

  it.each([
    ['pageSize=0', 'pageSize'],
    ['pageSize=101', 'pageSize'],
    ['pageSize=many', 'pageSize'],
    ['historyLength=-1', 'historyLength'],
    ['includeArtifacts=perhaps', 'includeArtifacts'],
    ['status=asleep', 'status'],
    ['status=3', 'status'],
    ['pageToken=mine', 'pageToken'],
    ['statusTimestampAfter=yesterday', 'statusTimestampAfter'],
    ['contextId=a&contextId=b', 'contextId'],
  ])('refuses %s and names the field', async (query, field) => {
    const answer = await rest('GET', `/tasks?${query}`);
    expect(answer).toMatchObject(refusal(400, 'INVALID_ARGUMENT', 'INVALID_PARAMS'));
    expect(answer.body.error.message).toMatch(new RegExp(`^${field}: `));
  });
});

describe('errors are AIP-193’s with the status of §5.4', () => {
  it('404 for a task that does not exist', async () => {
    const unknown = refusal(404, 'NOT_FOUND', 'TASK_NOT_FOUND');
    expect(await rest('GET', `/tasks/${randomUUID()}`)).toMatchObject(unknown);
    expect(await rest('POST', `/tasks/${randomUUID()}:cancel`)).toMatchObject(unknown);
    expect(await rest('POST', `/tasks/${randomUUID()}:subscribe`)).toMatchObject(unknown);
  });

  it('409 for a task that has ended and is canceled, 400 for one that is subscribed to', async () => {
    const { id } = await send('hello');
    const ended = await rest('POST', `/tasks/${id}:cancel`);
    expect(ended).toMatchObject(refusal(409, 'FAILED_PRECONDITION', 'TASK_NOT_CANCELABLE'));
    const over = await rest('POST', `/tasks/${id}:subscribe`);
    expect(over).toMatchObject(refusal(400, 'UNIMPLEMENTED', 'UNSUPPORTED_OPERATION'));
  });

  it('400 for what is not offered', async () => {
    expect(await rest('GET', '/extendedAgentCard')).toMatchObject(
      refusal(400, 'FAILED_PRECONDITION', 'EXTENDED_AGENT_CARD_NOT_CONFIGURED'),
    );
  });

  it('400 for parameters that make no sense, naming the field', async () => {
    const answer = await rest('POST', '/message:send', { message: { ...userMessage('x'), parts: 'x' } });
    expect(answer).toMatchObject(refusal(400, 'INVALID_ARGUMENT', 'INVALID_PARAMS'));
    expect(answer.body.error.message).toContain('message.parts');
  });

  it.each(['{', '[]', '"text"', '7'])('400 for the body %s', async (body) => {
    const answer = await rest('POST', '/message:send', body);
    expect(answer).toMatchObject(refusal(400, 'INVALID_ARGUMENT', 'INVALID_PARAMS'));
  });

  it('413 for a body over the limit', async () => {
    const answer = await rest('POST', '/message:send', { message: userMessage('x'.repeat(MAX_BODY)) });
    expect(answer).toMatchObject(refusal(413, 'INVALID_ARGUMENT', 'INVALID_PARAMS'));
  });

  it('415 for a body that is not JSON', async () => {
    const answer = await rest('POST', '/message:send', 'hello', { 'content-type': 'text/plain' });
    expect(answer).toMatchObject(refusal(415, 'INVALID_ARGUMENT', 'CONTENT_TYPE_NOT_SUPPORTED'));
  });

  it('400 for a version that is not spoken here (§3.6.2); a patch number does not count', async () => {
    const { id } = await send('hello');
    const path = `/tasks/${id}`;
    const refused = refusal(400, 'UNIMPLEMENTED', 'VERSION_NOT_SUPPORTED');
    expect(await rest('GET', path, undefined, { 'A2A-Version': '0.5' })).toMatchObject(refused);
    expect(await rest('GET', path, undefined, { 'A2A-Version': '0.3' })).toMatchObject(refused);
    expect(await rest('GET', path, undefined, { 'A2A-Version': '1.0.7' })).toMatchObject({ status: 200 });
    expect((await fetch(`${base}${path}?A2A-Version=0.5`)).status).toBe(400);
    expect((await fetch(`${base}${path}?A2A-Version=1.0`)).status).toBe(200);
  });

  it('404 for an operation or an agent that is not there', async () => {
    expect(await rest('GET', '/nothing')).toMatchObject(refusal(404, 'NOT_FOUND'));
    const response = await fetch(`${server.url}/nobody/rest/tasks`);
    expect({ status: response.status, body: await response.json() }).toMatchObject(refusal(404, 'NOT_FOUND'));
  });
});

it('answers in the protocol’s own media type when it is asked for', async () => {
  const accept = { accept: 'application/a2a+json', 'content-type': 'application/a2a+json' };
  const { type, body } = await rest('POST', '/message:send', { message: userMessage('hello') }, accept);
  expect(type).toMatch(/^application\/a2a\+json/);
  expect(body.task.status.state).toBe('TASK_STATE_COMPLETED');
  expect((await rest('GET', '/tasks/x', undefined, accept)).type).toMatch(/^application\/a2a\+json/);
});

it('takes an id with characters that must be escaped', async () => {
  const { body } = await rest('GET', `/tasks/${encodeURIComponent('a:b/c?d')}`);
  expect(body.error.details[0].reason).toBe('TASK_NOT_FOUND');
});

it('answers 503 when the host stops, and open streams end cleanly', async () => {
  const { id } = await send('ask');
  const events = restStream(`${base}/tasks/${id}:subscribe`, undefined);
  await events.next();
  requests.stop();
  expect(await collect(events)).toEqual([]);
  expect(await rest('GET', `/tasks/${id}`)).toMatchObject(refusal(503, 'UNAVAILABLE'));
});
