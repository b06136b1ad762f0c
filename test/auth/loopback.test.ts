import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLoopback, isReachable, onlyOwnHost, refuseUnguarded, urlHost } from '../../src/auth/loopback.ts';

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.5', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['notlocalhost', false],
  ['', false],
])('%j is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

test.each([
  ['127.0.0.1', undefined, false],
  ['127.0.0.1', 'http://localhost:8042', false],
  ['127.0.0.1', 'http://[::1]:8042/base', false],
  ['127.0.0.1', 'https://agents.example.com', true],
  ['127.0.0.1', 'http://192.168.1.5:8042', true],
  ['0.0.0.0', undefined, true],
  ['0.0.0.0', 'http://localhost:8042', true],
])('on %s as %s it is reached from elsewhere: %s', (HOST, PUBLIC_URL, reachable) => {
  expect(isReachable({ HOST, PUBLIC_URL })).toBe(reachable);
});

test.each([
  [{ HOST: '0.0.0.0' }, /^HOST: 0\.0\.0\.0 .*agent-host keys create/],
  [{ HOST: '127.0.0.1', PUBLIC_URL: 'https://a.example' }, /^PUBLIC_URL: https:\/\/a\.example .*keys create/],
])('a host that nobody may call says which setting, and what to do: %j', (reach, message) => {
  expect(() => refuseUnguarded(reach)).toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringMatching(message) }),
  );
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['localhost', 'localhost'],
  ['::1', '[::1]'],
])('%s in a URL is %s', (host, inUrl) => {
  expect(urlHost(host)).toBe(inUrl);
});

let port: number;
let open = true;
let close: () => void;

beforeAll(async () => {
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  const urls = [`http://127.0.0.1:${port}`, 'https://agents.example.com'];
  app
    .use(onlyOwnHost(urls, { door: { isOpen: () => open }, corsOrigins: ['https://app.example.com', '*'] }))
    .get('/', (_req, res) => {
      res.json({ served: true });
    });
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});

afterAll(() => close());

/** A request with the headers as they are given; PORT stands for the server's own. */
async function statusOf(headers: Record<string, string>): Promise<number | undefined> {
  const given = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(port))]);
  const asked = request({ host: '127.0.0.1', port, headers: Object.fromEntries(given) }).end();
  const [response] = await once(asked, 'response');
  response.resume();
  return response.statusCode;
}

const REQUESTS: [what: string, headers: Record<string, string>, status: number][] = [
  ['its own name', { host: '127.0.0.1:PORT' }, 200],
  ['localhost', { host: 'localhost:PORT' }, 200],
  ['IPv6 loopback', { host: '[::1]:PORT' }, 200],
  ['its public name', { host: 'agents.example.com' }, 200],
  ['a page of its own', { host: '127.0.0.1:PORT', origin: 'http://127.0.0.1:PORT' }, 200],
  [
    'a page of its own by another loopback name',
    { host: '127.0.0.1:PORT', origin: 'http://localhost:PORT' },
    200,
  ],
  ['a page of its public name', { host: 'agents.example.com', origin: 'https://agents.example.com' }, 200],
  ['another name that was made to point here', { host: 'evil.example.com:PORT' }, 403],
  ['a name that begins like its own', { host: '127.0.0.1.evil.example.com' }, 403],
  ['its public name with another port', { host: 'agents.example.com:81' }, 403],
  ['a host that is no host', { host: 'a b' }, 403],
  ['a page that was let in by name', { host: '127.0.0.1:PORT', origin: 'https://app.example.com' }, 200],
  ['a page from elsewhere', { host: '127.0.0.1:PORT', origin: 'https://evil.example.com' }, 403],
  ['a page of the server on port 80', { host: '127.0.0.1:PORT', origin: 'http://localhost' }, 403],
  ['a page of another server on this machine', { host: '127.0.0.1:PORT', origin: 'http://localhost:1' }, 403],
  [
    'a page without an origin of its own (a file, a sandbox)',
    { host: '127.0.0.1:PORT', origin: 'null' },
    403,
  ],
];

test.each(REQUESTS)('a request for %s: %j gives %i', async (_what, headers, status) => {
  expect(await statusOf(headers)).toBe(status);
});

test('where credentials are asked for, any name and page may come: no page has one', async () => {
  open = false;
  expect(await statusOf({ host: 'evil.example.com', origin: 'https://evil.example.com' })).toBe(200);
});
