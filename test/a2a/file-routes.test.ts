import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { fileRoutes } from '../../src/a2a/file-routes.ts';
import { agentOf } from '../support/agents.ts';
import { callerNamed } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';

const SIZE = 600_000;
const bytes = randomBytes(SIZE);
let ground: TaskGround;
let server: { url: string; close(): Promise<void> };

beforeAll(async () => {
  ground = await startTaskGround();
  const router = fileRoutes({
    files: ground.files,
    callerOf: (req) => callerNamed(req.get('x-caller') ?? 'alice'),
    hiddenFrom: ({ scopes }) => (scopes.has('finance') ? [] : ['payroll']),
  });
  server = await serveRouter('/base', router);
});

afterAll(async () => {
  await server.close();
  await ground.stop();
});

async function kept(about: { mediaType?: string; filename?: string } = {}, agent = 'echo'): Promise<string> {
  const part = { raw: bytes.toString('base64'), ...about };
  const message = userMessageOf('', { parts: [part] });
  const { task } = await ground.tasks.send({ owner: 'alice', agent: agentOf(agent), message });
  return `${server.url}/files/${task.history[0]?.parts[0]?.file?.id}`;
}

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url, { headers, method });

const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('GET /files/{id}', () => {
  it('gives the bytes, never to be guessed at or shown as a page of the host', async () => {
    const response = await get(
      `${await kept({ mediaType: 'text/html; charset=utf-8', filename: 'a b.html' })}/a%20b.html`,
    );
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(SIZE),
      'content-disposition': 'attachment; filename="a b.html"',
      'content-security-policy':
        "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
    });
    expect((await bodyOf(response)).equals(bytes)).toBe(true);
  });

  it.each([
    [undefined, 'application/octet-stream'],
    ['image/png', 'image/png'],
    ['nonsense', 'application/octet-stream'],
    ['text/html\r\nX-Evil: 1', 'application/octet-stream'],
  ])('of the media type %j is sent as %s', async (mediaType, sent) => {
    const url = await kept(mediaType === undefined ? {} : { mediaType });
    const { headers } = await get(url, {}, 'HEAD');
    expect([headers.get('content-type'), headers.get('x-evil')]).toEqual([sent, null]);
    expect(headers.get('content-disposition')).toBe('attachment');
  });

  it('names a file in any script, and carries no header out of its name', async () => {
    const { headers } = await get(await kept({ filename: 'ä\r\nX-Evil: "1".txt' }), {}, 'HEAD');
    expect(headers.get('x-evil')).toBeNull();
    expect(headers.get('content-disposition')).toContain("filename*=UTF-8''%C3%A4%0D%0AX-Evil");
  });

  it('is for its owner alone: anyone else is told what is told of nothing', async () => {
    const url = await kept();
    const answers = await Promise.all([
      get(url, { 'x-caller': 'bob' }),
      get(`${server.url}/files/${'x'.repeat(43)}`),
    ]);
    for (const response of answers) {
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ message: 'There is no such file', status: 404 });
    }
  });

  it('is not there for an owner to whom its task’s agent is not', async () => {
    const url = await kept({ filename: 'wages' }, 'payroll');
    expect((await get(url)).status).toBe(404);
    // Of two tasks that hold it one is there.
    await kept({ filename: 'wages' }, 'echo');
    expect((await get(url)).status).toBe(200);
  });

  it('ends with its task', async () => {
    const url = await kept({ filename: 'short-lived' });
    const fileId = url.split('/').at(-1) ?? '';
    await ground.database.prisma.task.deleteMany({ where: { files: { some: { fileId } } } });
    expect((await get(url)).status).toBe(404);
  });

  it('answers 304 to who has it, and to HEAD without the bytes', async () => {
    const url = await kept();
    const head = await get(url, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(SIZE)]);
    const etag = head.headers.get('etag') ?? '';
    // Without it `fetch` says no-cache of itself.
    const cached = (known: string) => get(url, { 'if-none-match': known, 'cache-control': 'max-age=0' });
    expect((await cached(etag)).status).toBe(304);
    expect((await cached('"other"')).status).toBe(200);
  });

  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=262140-262150', 262_140, 262_150],
    ['bytes=599990-', 599_990, 599_999],
    ['bytes=-5', 599_995, 599_999],
    ['bytes=599999-700000', 599_999, 599_999],
  ])('gives the range %s', async (range, first, last) => {
    const response = await get(await kept(), { range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${SIZE}`);
    expect((await bodyOf(response)).equals(bytes.subarray(first, last + 1))).toBe(true);
  });

  test.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=nonsense'])('gives all of it for %s', async (range) => {
    const response = await get(await kept(), { range });
    expect([response.status, (await bodyOf(response)).length]).toEqual([200, SIZE]);
  });

  it('refuses a range that it does not have, and ignores one meant for another file', async () => {
    const url = await kept();
    const beyond = await get(url, { range: `bytes=${SIZE}-` });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
    const other = await get(url, { range: 'bytes=0-1', 'if-range': '"other"' });
    expect(other.status).toBe(200);
    await bodyOf(other);
  });

  it('leaves alone what is no file of the host', async () => {
    expect(await (await get(`${server.url}/files/.well-known`)).text()).toContain('Cannot GET');
  });
});
