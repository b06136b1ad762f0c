import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Addresses } from '../../src/outbound/addresses.ts';
import { createFetch } from '../../src/outbound/fetch.ts';

const ROUTES: Record<string, RequestListener> = {
  '/json': (_req, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
  '/redirect': (_req, res) => res.writeHead(302, { location: '/json' }).end(),
  '/nothing': (_req, res) => res.writeHead(204).end(),
  '/large': (_req, res) => res.end(Buffer.alloc(5_000)),
  '/silent': () => {},
  '/headers': (req, res) => res.end(JSON.stringify(req.headers)),
};
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((req, res) => ROUTES[req.url ?? '']?.(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const LIMITS = { maxBytes: 1_000, idleMs: 300 };
const anywhere = createFetch({ ...LIMITS, addresses: undefined });
const to = (path: string, init?: RequestInit) => anywhere(`http://127.0.0.1:${port}${path}`, init);

it('answers as fetch does', async () => {
  const response = await to('/json');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ a: 1 });
  expect((await to('/nothing')).status).toBe(204);
});

it('a redirect is an answer', async () => {
  expect((await to('/redirect')).status).toBe(302);
});

it('an answer above the limit is broken off', async () => {
  await expect((await to('/large')).text()).rejects.toThrow();
});

it('one that never comes is given up', async () => {
  await expect(to('/silent')).rejects.toThrow('no answer in time');
});

it('its caller may give up before', async () => {
  await expect(to('/silent', { signal: AbortSignal.timeout(20) })).rejects.toThrow(/abort/);
});

it('asks for nothing that would have to be decompressed', async () => {
  const response = await to('/headers', { headers: { 'accept-encoding': 'gzip' } });
  expect(await response.json()).toMatchObject({ 'accept-encoding': 'identity' });
});

it.each(['127.0.0.1', 'localhost', '[::1]', '0x7f.1'])(
  'a private address is not reached: %s',
  async (host) => {
    const guarded = createFetch({ ...LIMITS, addresses: new Addresses([]) });
    await expect(guarded(`http://${host}:${port}/json`)).rejects.toThrow('the address is not allowed');
  },
);

it('neither is what is no HTTP', async () => {
  await expect(anywhere('file:///etc/hosts')).rejects.toThrow(/neither http nor https/);
});
