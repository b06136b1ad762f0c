/** Starting, refusing to start, stopping. */
import { randomUUID } from 'node:crypto';
import { access, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import {
  endAllProducts,
  launchProduct,
  type Product,
  processesNaming,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { agentUrl, call, userMessage, type Wire } from '../support/rpc.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const dataDir = await temporaryDataDir();
// As root, Postgres runs as another user, who must be able to get into the folders inside.
await chmod(dataDir.path, 0o711);

afterAll(async () => {
  await endAllProducts();
  await dataDir.remove();
});

const send = async (base: string, code: string, parts: Wire, extra: Wire = {}, configuration: Wire = {}) => {
  const params = { message: userMessage(parts, extra), configuration };
  return (await call(agentUrl(base, code), 'SendMessage', params, V1)).task as Wire;
};
const get = (base: string, code: string, id: string): Promise<Wire> =>
  call(agentUrl(base, code), 'GetTask', { id }, V1);
const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];

/** One for each moment of the start in which it is found; what else the schema refuses is tested there. */
const BAD_SETTINGS: { name: string; value: string; quick?: true }[] = [
  { name: 'PORT', value: 'abc', quick: true },
  { name: 'PORT', value: '70000' },
  { name: 'HOST', value: '0.0.0.0', quick: true },
  { name: 'HOST', value: '192.0.2.1' },
  { name: 'PUBLIC_URL', value: 'nowhere' },
  { name: 'PUBLIC_URL', value: 'https://agents.example.com', quick: true },
  { name: 'DATABASE_URL', value: 'not-a-url' },
  { name: 'SIGNING_KEY', value: 'no key', quick: true },
  { name: 'GATEWAY_SECRET_KEY', value: 'too short', quick: true },
  { name: 'PUSH_ALLOW', value: 'http://localhost' },
  { name: 'TEMPORAL_ADDRESS', value: 'nowhere' },
  { name: 'ROLE', value: 'boss' },
  { name: 'SEND_WAIT', value: '-1' },
  { name: 'MAX_BODY', value: 'much' },
  { name: 'LOG_LEVEL', value: 'loud' },
  { name: 'CARD_VERSION', value: '2.0' },
  { name: 'WORKFLOWS', value: '/nowhere/at/all', quick: true },
  { name: 'TEMPORAL_CLI', value: '/nowhere/temporal', quick: true },
];

describe('a bad setting: exit 2, one line that names it, nothing started', () => {
  const wanted = BAD_SETTINGS.filter(({ quick }) => quick || process.env.FULL);
  it.each(wanted)('$name=$value', async ({ name, value }) => {
    const path = join(dataDir.path, randomUUID());
    const { code, stdout, stderr } = await runProduct(['start'], {
      PORT: '0',
      DATA_DIR: path,
      [name]: value,
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(name);
    await nothingLeft(path);
  });

  it('an empty string is unset', async () => {
    const { code, stderr } = await runProduct(['start'], { PORT: '', ROLE: '', LOG_LEVEL: 'loud' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^LOG_LEVEL: [^\n]*\n$/) });
  });
});

/** What an exit without time for an orderly stop left running, the servers' guards end: they give 5 s of grace. */
const nothingLeft = (path: string, withinMs = 2_000) =>
  until('nothing left', async () => ((await processesNaming(path))[0] ? undefined : true), withinMs);

it('a database that does not answer: exit 1, a line that says so without its password, nothing left', async () => {
  const path = join(dataDir.path, 'no-database');
  const { code, stdout, stderr } = await runProduct(['start'], {
    PORT: '0',
    DATA_DIR: path,
    DATABASE_URL: 'postgresql://somebody:hush-hush@127.0.0.1:1/nothing',
    SIGNING_KEY: newSigningKey(),
    GATEWAY_SECRET_KEY: 'a key for both of the hosts as long as it must be',
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/database|postgres/i);
  expect(stderr).not.toMatch(/hush-hush|\n\s+at /);
  await nothingLeft(path);
});

it('a database that others may share, without a key: exit 2, a line that names the setting', async () => {
  const path = join(dataDir.path, 'no-key');
  const { code, stderr } = await runProduct(['start'], {
    PORT: '0',
    DATA_DIR: path,
    DATABASE_URL: 'postgresql://somebody:hush-hush@127.0.0.1:1/nothing',
  });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^SIGNING_KEY: [^\n]*\n$/) });
  await nothingLeft(path);
});

describe('on one DATA_DIR', () => {
  const path = join(dataDir.path, 'main');
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ DATA_DIR: path });
  });

  it('its public keys are published', async () => {
    const answer = await fetch(`${product.url}/.well-known/jwks.json`);
    expect(answer.headers.get('cache-control')).toMatch(/max-age=\d+/);
    const { keys } = (await answer.json()) as Wire;
    expect(keys).toEqual([expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', kid: expect.any(String) })]);
    expect(keys[0]).not.toHaveProperty('d');
  });

  it('healthz, readyz and metrics tell how it is', async () => {
    const health = await fetch(`${product.url}/healthz`);
    expect({ status: health.status, body: await health.json() }).toEqual({
      status: 200,
      body: { status: 'ok' },
    });
    const ready = await fetch(`${product.url}/readyz`);
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 200,
      body: {
        status: 'ready',
        checks: { database: { ok: true }, temporal: { ok: true }, worker: { ok: true } },
        stuck: [],
      },
    });
    const metrics = await fetch(`${product.url}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await metrics.text();
    expect(text).toContain('# TYPE agent_host_streams gauge');
    expect(text).toContain('agent_host_repairs_total{kind="started"} 0');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('a second host is told who has it, and does the first no harm', async () => {
    const { code, stdout, stderr } = await runProduct(['start'], { PORT: '0', DATA_DIR: path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/DATA_DIR/);
    expect(stderr).toContain(`pid ${product.pid}`);
    expect((await send(product.url, 'echo', 'x')).status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('a PORT in use is a clear error, and nothing is left', async () => {
    const other = join(dataDir.path, 'other');
    const { port } = new URL(product.url);
    const { code, stdout, stderr } = await runProduct(['start'], { PORT: port, DATA_DIR: other });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^PORT: ${port} is in use.*\n$`));
    await nothingLeft(other);
  });

  it('all state survives an orderly restart', async () => {
    const done = await send(product.url, 'echo', 'x');
    const waiting = await send(product.url, 'expense-approval', chair);
    const { url: before } = product;
    expect(await product.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await nothingLeft(path);
    product = await startProduct({ DATA_DIR: path, PORT: new URL(before).port });
    expect(product.url).toBe(before);
    expect(await get(product.url, 'echo', done.id)).toEqual(done);
    expect(await get(product.url, 'expense-approval', waiting.id)).toEqual(waiting);
    const answered = await send(product.url, 'expense-approval', 'yes', { taskId: waiting.id });
    expect(answered.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('told to stop while it starts, it stops, and the next start is none the worse', async () => {
    expect(await product.end('SIGTERM')).toMatchObject({ code: 0 });
    await nothingLeft(path);
    const launched = launchProduct({ DATA_DIR: path });
    await until('its servers', async () => (await processesNaming(path))[0]);
    const began = performance.now();
    const { signal } = await launched.end('SIGTERM');
    expect(signal).toBeNull();
    expect(performance.now() - began).toBeLessThan(10_000);
    await nothingLeft(path, 7_000);
    product = await startProduct({ DATA_DIR: path });
    expect((await send(product.url, 'echo', 'x')).status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('a server that dies under it ends the host, with all it started', async () => {
    const [postgres] = (await processesNaming(join(path, 'postgres'))).filter(
      (line) => !line.includes('guard'),
    );
    process.kill(Number(postgres?.split(' ')[0]), 'SIGKILL');
    expect((await product.exited).code).toBe(1);
    await nothingLeft(path, 10_000);
    expect(product.log()).toMatch(/Postgres/);
  });
});

describe('ROLE=host and ROLE=worker on a given Postgres and Temporal', () => {
  let ground: TestGround;
  let host: Product;
  let worker: Product;

  beforeAll(async () => {
    ground = await startGround();
  });

  afterAll(async () => {
    await endAllProducts();
    await ground.stop();
  });

  const digest = (returnImmediately: boolean) =>
    send(host.url, 'document-digest', '# One\ntwo three', {}, { returnImmediately });

  it('a host alone answers, and works on what needs no activity', async () => {
    const path = join(dataDir.path, 'unused');
    host = await startProduct({ ...ground.env, ROLE: 'host', DATA_DIR: path });
    expect((await send(host.url, 'echo', 'x')).status.state).toBe('TASK_STATE_COMPLETED');
    await expect(access(path)).rejects.toThrow('ENOENT');
  });

  it('a worker works on what the host accepted, before it came and after', async () => {
    const { id } = await digest(true);
    worker = await startProduct({ ...ground.env, ROLE: 'worker' });
    expect(worker.url).toBe('worker');
    await until('the end', async () =>
      (await get(host.url, 'document-digest', id)).status.state === 'TASK_STATE_COMPLETED' ? true : undefined,
    );
    expect((await digest(false)).status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('a second host serves the same tasks', async () => {
    const second = await startProduct({ ...ground.env, ROLE: 'host' });
    const { id } = await send(host.url, 'expense-approval', chair);
    const answered = await send(second.url, 'expense-approval', 'yes', { taskId: id });
    expect(answered.status.state).toBe('TASK_STATE_COMPLETED');
    expect(await get(host.url, 'expense-approval', id)).toEqual(answered);
    expect(await second.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('the worker may be killed: the host answers on, and the next worker goes on', async () => {
    await worker.end('SIGKILL');
    const { id } = await digest(true);
    expect((await get(host.url, 'document-digest', id)).status.state).toMatch(/SUBMITTED|WORKING/);
    worker = await startProduct({ ...ground.env, ROLE: 'worker' });
    await until('the end', async () =>
      (await get(host.url, 'document-digest', id)).status.state === 'TASK_STATE_COMPLETED' ? true : undefined,
    );
  });

  it('both stop when they are told to, with exit code 0', async () => {
    const exits = await Promise.all([host.end('SIGTERM'), worker.end('SIGTERM')]);
    expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  });
});
