import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Router } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { accessGuard, callerIfAny, type GuardOptions, type RouteAccess } from '../../src/auth/guard.ts';
import { Capacity } from '../../src/auth/limits/capacity.ts';
import { unavailable } from '../../src/errors.ts';
import { jsonBody } from '../../src/web/json-body.ts';
import { callerNamed, NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { silentLog } from '../support/tasks.ts';
import { until } from '../support/until.ts';

type Authenticate = GuardOptions['authenticator']['authenticate'];
const ALICE = callerNamed('alice');
let server: Awaited<ReturnType<typeof serveRouter>>;
afterEach(() => server.close());

/** One route behind the guard, that says who asks, or what. */
async function guarded(
  route: Omit<RouteAccess, 'path'>,
  authenticate: Authenticate,
  capacity = new Capacity({ requests: 2, streams: 1 }),
) {
  const guard = accessGuard({
    authenticator: { authenticate } as GuardOptions['authenticator'],
    surfaces: [{ path: '/', routes: [{ path: '/x', ...route }] }],
    publicUrl: 'http://127.0.0.1',
    refusals: { note: vi.fn() } as unknown as GuardOptions['refusals'],
    audit: { record: vi.fn() },
    limits: NO_LIMITS.limits,
    capacity,
    log: silentLog,
  });
  const routes = Router().use(guard);
  routes.get('/x', (req, res) => void res.json({ caller: callerIfAny(req)?.id }));
  routes.post('/x', jsonBody(1_000), (req, res) => void res.json({ said: req.body }));
  server = await serveRouter('/', routes, callerNamed('nobody'));
  return `${server.url}x`;
}

it.each<[string, Authenticate]>([
  ['hangs', () => new Promise(() => {})],
  ['is away', () => Promise.reject(unavailable('The record is not reachable'))],
])('what is to be answered soon is answered while the record %s: to nobody', async (_, authenticate) => {
  const url = await guarded({ method: 'get', needs: 'optional', soon: true }, authenticate);
  expect(await (await fetch(url)).json()).toEqual({ caller: 'nobody' });
});

it('and otherwise to who asks', async () => {
  const url = await guarded({ method: 'get', needs: 'optional', soon: true }, async () => ({
    caller: ALICE,
  }));
  expect(await (await fetch(url)).json()).toEqual({ caller: 'alice' });
});

describe('a body that is slow to come', () => {
  const route = { method: 'post', needs: 'caller' } as const;
  const alice: Authenticate = async () => ({ caller: ALICE });
  /** Of a body of nine bytes the first. */
  const begin = (url: string) => {
    const asking = request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 9 },
    });
    asking.on('error', () => {}).write('{');
    const answer = once(asking, 'response').then(async ([response]: IncomingMessage[]) => {
      let text = '';
      for await (const chunk of response as IncomingMessage) text += chunk;
      return { status: response?.statusCode, body: JSON.parse(text) };
    });
    return { finish: () => asking.end('"a": 1 }'), answer };
  };
  const placesOf = (capacity: Capacity, wanted: [number, number]) =>
    until(`${wanted} working and waiting`, () =>
      capacity.working === wanted[0] && capacity.waiting === wanted[1] ? true : undefined,
    );

  it('holds no place that others work in, and is taken once it is there', async () => {
    const capacity = new Capacity({ requests: 1, streams: 1 });
    const url = await guarded(route, alice, capacity);
    const slow = begin(url);
    await placesOf(capacity, [1, 0]);
    await placesOf(capacity, [0, 1]);
    const quick = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"b":2}',
    });
    expect(await quick.json()).toEqual({ said: { b: 2 } });
    slow.finish();
    expect(await slow.answer).toEqual({ status: 200, body: { said: { a: 1 } } });
    await placesOf(capacity, [0, 0]);
  });

  it('is refused when it comes while there is no place to work, and where there is none to wait', async () => {
    const capacity = new Capacity({ requests: 1, streams: 1 });
    const url = await guarded(route, alice, capacity);
    const slow = begin(url);
    await placesOf(capacity, [0, 1]);
    const busy = capacity.enter();
    slow.finish();
    expect(await slow.answer).toMatchObject({ status: 503 });
    busy?.end();
    const waiting = capacity.enter();
    waiting?.rest();
    expect(await begin(url).answer).toMatchObject({ status: 408 });
    waiting?.end();
    await placesOf(capacity, [0, 0]);
  });
});
