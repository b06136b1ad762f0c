import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consoleRoutes } from '../../src/web/console-routes.ts';
import { serveRouter } from '../support/http.ts';

let folder: string;
let served: Awaited<ReturnType<typeof serveRouter>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><p>here');
  await writeFile(join(folder, 'assets/page-1a2b3c4d.js'), 'export {};');
  const settings = { version: '1.2.3' };
  served = await serveRouter(
    '/',
    consoleRoutes({ folder, settings, connect: ['https://login.example.com'] }),
  );
});

afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, accept = '*/*') => fetch(`${served.url}${path}`, { headers: { accept } });

it('shows browsers a page that runs nothing but its own files', async () => {
  const page = await get('', 'text/html,application/xhtml+xml,*/*;q=0.8');
  expect(await page.text()).toBe('<!doctype html><p>here');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('vary')).toMatch(/Accept\b/);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/unsafe|\*/);
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self' https://login.example.com",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types dompurify',
  ]);
  expect(page.headers.get('permissions-policy')).toMatch(/camera=\(\).*microphone=\(\)/);
});

it('has no page for programs', async () => {
  expect((await get('')).status).toBe(404);
  expect((await get('', 'application/json')).status).toBe(404);
});

it('lets its files be kept for good', async () => {
  const file = await get('assets/page-1a2b3c4d.js');
  expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(file.headers.get('content-encoding')).toBe('gzip');
  expect(await file.text()).toBe('export {};');
});

it.each(['assets/nothing.js', 'assets/..%2Findex.html', 'assets/%2e%2e'])('has no %s', async (path) => {
  expect((await get(path)).status).toBe(404);
});

it('tells the page of the host', async () => {
  expect(await (await get('console.json')).json()).toEqual({ version: '1.2.3' });
});

it('has no page where none was built', async () => {
  const bare = await serveRouter('/', consoleRoutes({ folder: join(folder, 'none'), settings: {} }));
  const { status } = await fetch(bare.url, { headers: { accept: 'text/html' } });
  await bare.close();
  expect(status).toBe(404);
});
