import { Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { HostError } from '../src/errors.ts';
import { type HealthOptions, healthRoutes } from '../src/health.ts';
import { serveRouter } from './support/http.ts';

const never = () => new Promise<never>(() => {});
let server: Awaited<ReturnType<typeof serveRouter>>;
afterEach(() => server.close());

async function readyz(options: Partial<HealthOptions>) {
  const routes = healthRoutes({
    db: { $queryRaw: (async () => []) as never },
    temporal: { check: async () => {}, checkWorkers: async () => {} },
    stuck: async () => [{ task: 't', agent: 'a', problem: 'p' }],
    metrics: new Registry(),
    drain: { begun: false },
    ...options,
  });
  server = await serveRouter('/', routes);
  const response = await fetch(`${server.url}readyz`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it('readyz answers while all that it asks hangs, and says what', async () => {
  const answer = await readyz({
    db: { $queryRaw: never as never },
    temporal: {
      check: never,
      checkWorkers: async () => {
        throw new HostError('unavailable', 'the worker is stopped');
      },
    },
    stuck: never,
  });
  expect(answer).toEqual({
    status: 503,
    body: {
      status: 'not-ready',
      checks: {
        database: { ok: false, error: 'Postgres does not answer' },
        temporal: { ok: false, error: 'Temporal does not answer' },
        worker: { ok: false, error: 'the worker is stopped' },
      },
      stuck: [],
    },
  });
});

it('a record that does not name the stuck tasks hides nothing else', async () => {
  const stuck = () => Promise.reject(new Error('10.0.0.1 is away'));
  expect(await readyz({ stuck })).toMatchObject({ status: 200, body: { status: 'ready', stuck: [] } });
});

it('tasks that cannot go on are named', async () => {
  expect((await readyz({})).body.stuck).toEqual([{ task: 't', agent: 'a', problem: 'p' }]);
});

it('the checks are a metric, too, once for all addresses', async () => {
  const metrics = new Registry();
  const checkWorkers = () => Promise.reject(new HostError('unavailable', 'the worker is stopped'));
  await readyz({ metrics, temporal: { check: never, checkWorkers } });
  await server.close();
  await readyz({ metrics });
  const scrape = await metrics.metrics();
  expect(scrape).toContain('agent_host_ready{check="database"} 1\n');
  expect(scrape).toContain('agent_host_ready{check="temporal"} 0\n');
  expect(scrape).toContain('agent_host_ready{check="worker"} 0\n');
});
