import { Router } from 'express';
import { afterEach, expect, it, vi } from 'vitest';
import { accessGuard, callerIfAny, type GuardOptions, type RouteAccess } from '../../src/auth/guard.ts';
import { Capacity } from '../../src/auth/limits/capacity.ts';
import { unavailable } from '../../src/errors.ts';
import { callerNamed, NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { silentLog } from '../support/tasks.ts';

type Authenticate = GuardOptions['authenticator']['authenticate'];
const ALICE = callerNamed('alice');
let server: Awaited<ReturnType<typeof serveRouter>>;
afterEach(() => server.close());

/** One route behind the guard, that says who asks. */
async function guarded(route: Omit<RouteAccess, 'path'>, authenticate: Authenticate) {
  const guard = accessGuard({
    authenticator: { authenticate } as GuardOptions['authenticator'],
    surfaces: [{ path: '/', routes: [{ path: '/x', ...route }] }],
    publicUrl: 'http://127.0.0.1',
    refusals: { note: vi.fn() } as unknown as GuardOptions['refusals'],
    audit: { record: vi.fn() },
    limits: NO_LIMITS.limits,
    capacity: new Capacity({ requests: 2, streams: 1 }),
    log: silentLog,
  });
  const routes = Router().use(guard);
  routes.get('/x', (req, res) => void res.json({ caller: callerIfAny(req)?.id }));
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
