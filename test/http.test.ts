import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RequestHandler, Router } from 'express';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { recognise } from '../src/auth/guard.ts';
import { createApp } from '../src/http.ts';
import { internalError, note } from '../src/web/request-notes.ts';
import { callerNamed } from './support/callers.ts';
import { loggedLines } from './support/lines.ts';
import { until } from './support/until.ts';

const { log, lines } = loggedLines();
const counted = { answered: [] as unknown[], failed: [] as unknown[] };
let crowded = false;
let server: Server;
let url: string;

const passing: RequestHandler = (_req, _res, next) => next();

beforeAll(async () => {
  const router = Router();
  // A JSON-RPC error: its status says nothing of it.
  router.post('/rpc', async (_req, res) => {
    await Promise.resolve();
    note({ taskId: 'task-1' });
    res.json({ error: { code: -32603, message: internalError(new Error('a fault'), log) } });
  });
  router.get('/tasks/:task_id', (_req, res) => void res.json({}));
  router.get('/broken', () => {
    throw new Error('a fault');
  });
  router.get('/stream', (_req, res) => {
    res.setHeader('content-type', 'text/event-stream');
    res.write(`data: ${internalError(new Error('a fault'), log)}\n\n`);
  });
  const app = createApp({
    headers: passing,
    guard: (req, _res, next) => {
      recognise(req, callerNamed('key:alice'));
      next();
    },
    drain: { answering: () => {} },
    capacity: { refuses: () => crowded },
    refusalBody: () => (status, message) => ({ status, message }),
    answered: (...of) => void counted.answered.push(of[0]),
    failed: (...of) => void counted.failed.push(of),
    routers: [{ path: '/own', router, surface: 'own' }],
    log,
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

beforeEach(() => {
  lines.length = 0;
  counted.answered.length = 0;
  counted.failed.length = 0;
  crowded = false;
});

const answeredLine = () => until('a line', () => lines.find(({ msg }) => msg === 'answered'));

it('a request has a line with its caller, its task and its whole path, and nothing of its query', async () => {
  await fetch(`${url}/own/tasks/task-2?token=secret`);
  expect(await answeredLine()).toMatchObject({
    surface: 'own',
    method: 'GET',
    path: '/own/tasks/task-2',
    status: 200,
    ms: expect.any(Number),
    caller: 'key:alice',
    taskId: 'task-2',
  });
  expect(counted).toEqual({ answered: [{ surface: 'own', status: 200 }], failed: [] });
});

it('a failure of ours is counted by its surface, whatever status tells it', async () => {
  const response = await fetch(`${url}/own/rpc`, { method: 'POST' });
  const { error } = (await response.json()) as { error: { message: string } };
  expect(response.status).toBe(200);
  expect(await answeredLine()).toMatchObject({ status: 200, taskId: 'task-1' });
  const [, reference] = /^Internal error; reference (\S+)$/.exec(error.message) ?? [];
  expect(lines.find((line) => line.reference === reference)).toMatchObject({ msg: 'a request failed' });
  expect(counted.failed).toEqual([['own', 1]]);
});

it('so is what no surface has told', async () => {
  expect((await fetch(`${url}/own/broken`)).status).toBe(500);
  await answeredLine();
  expect(counted.failed).toEqual([['own', 1]]);
});

it('and that of a stream, whose line says that its client has left', async () => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/own/stream`, { signal: leaving.signal });
  expect(response.status).toBe(200);
  leaving.abort();
  expect(await answeredLine()).toMatchObject({ path: '/own/stream', left: true });
  expect(counted).toEqual({ answered: [], failed: [['own', 1]] });
});

it('one that is refused before it is read has a line too', async () => {
  crowded = true;
  expect((await fetch(`${url}/own/rpc?x=1`, { method: 'POST' })).status).toBe(503);
  expect(await answeredLine()).toMatchObject({ method: 'POST', path: '/own/rpc', status: 503 });
});
