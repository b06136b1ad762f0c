/**
 * Requests that nobody would make, out of the host's own OpenAPI document: each is answered as that document says, and
 * nothing is kept open.
 */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asDescribed } from '../support/described.ts';
import { Fuzzer } from '../support/fuzz.ts';
import { asking, InvokeCaller } from '../support/invoke.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { type Answer, post, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const REQUESTS = process.env.FULL ? 6_000 : 480;
const AT_ONCE = 8;
/** Connections that pools may yet open; one kept by each tenth request would be more. */
const MOST_MORE = 30;
const SEED = 20_261_121;
const data = await temporaryDataDir();
let product: Product;
let client: InvokeCaller;
let fuzzer: Fuzzer;
let headers: Record<string, string>;
/** The schema of each POST's body, by path; undefined where none is read. */
let posts: [string, Wire][];
/** Values of what stands in a path. */
const named: Record<string, string[]> = {};

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: data.path, WORKFLOWS, SEND_WAIT: '1', INVOKE_TIMEOUT: '5' });
  // The door is closed by it, and no key that is made by chance closes it later.
  const made = await post(`${product.url}/v1/admin/keys`, { name: 'fuzz', scopes: ['admin'] });
  headers = { 'x-api-key': made.body.key };
  client = new InvokeCaller(product.url, headers);
  const document = (await (await fetch(`${product.url}/openapi.json`)).json()) as Wire;
  const ended = await client.invoke(asking('caller', 'show'));
  const waiting = await client.invoke(asking('caller', 'ask'));
  const { body } = await post(`${product.url}/v1/agents/caller/invoke`, { message: 'show' }, headers);
  Object.assign(named, {
    agent_id: ['caller', 'caller', 'guarded', 'nobody'],
    task_id: [ended.id, waiting.id],
    id: [ended.id, waiting.id],
    receipt_id: [body.receipt_id],
    provider_id: ['nobody', 'made'],
    key_id: ['ak_nobody'],
  });
  const known = {
    jsonrpc: ['2.0'],
    method: [...Array<string>(12).fill('a2a.sendMessage'), 'a2a.getTask'],
    agentId: ['caller', 'caller', 'guarded', 'nobody'],
    parts: [
      [{ text: 'show' }],
      [{ data: { amount: 1 } }],
      [{ raw: 'AAAA', filename: 'a' }],
      [{ url: 'x:y' }],
    ],
    taskId: [ended.id],
    task_id: [ended.id],
    sessionId: ['first', 'second'],
    context_id: ['first', 'second'],
    skillIds: [['show'], ['none']],
    message: [{ role: 'user', parts: [{ text: 'show' }] }, 'show'],
    agent_envelope: [
      { role: 'user', parts: [{ text: 'show' }] },
      { message: { role: 'user', parts: [{ data: 1 }] } },
    ],
    acceptedOutputModes: [['text/plain'], ['image/*'], ['x']],
    provider_id: ['local', 'made', 'nobody'],
    scopes: [['agents:read'], ['mine']],
    // Refused at once: nothing is asked of anybody elsewhere.
    card_url: ['http://127.0.0.1:9/card'],
  };
  fuzzer = new Fuzzer(SEED, document.components.schemas, known);
  posts = Object.entries<Wire>(document.paths)
    .filter(([, { post: operation }]) => operation !== undefined)
    .map(
      ([
        path,
        {
          post: { requestBody },
        },
      ]) => [path, requestBody?.content['application/json'].schema],
    );
});

afterAll(async () => {
  await killAllProducts();
  await data.remove();
});

/** A path with something in the place of its names; switches are turned for nobody that the rest needs. */
function filled(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const harmless = path.includes('/admin/') ? ['nobody'] : (named[name] ?? ['x']);
    return fuzzer.random() < 0.85 ? fuzzer.among(harmless) : fuzzer.oddWord();
  });
}

const key = (): Record<string, string> =>
  fuzzer.random() < 0.2
    ? { 'idempotency-key': fuzzer.among(['one', 'two', '"', '""', 'x'.repeat(256)]) }
    : {};

const MALFORMED = ['{', 'null', '[]', '"', 'undefined', '[1', '\ufeff{}', ''];
const TYPES = ['text/plain', 'application/xml', 'application/json; charset=x'];

/** A POST of the document; every third is the facade's. */
function toPost(): { path: string; text: string; type: string } {
  const [path, schema] = fuzzer.random() < 0.33 ? facade() : fuzzer.among(posts);
  const malformed = fuzzer.random() < 0.04;
  if (schema === undefined) return { path: filled(path), text: '', type: 'application/json' };
  return {
    path: filled(path),
    text: malformed ? fuzzer.among(MALFORMED) : fuzzer.body(schema),
    type: fuzzer.random() < 0.02 ? fuzzer.among(TYPES) : 'application/json',
  };
}

const facade = () => posts.find(([path]) => path === '/v1/a2a/invoke') as [string, Wire];

async function ask(): Promise<Answer> {
  const { random } = fuzzer;
  if (random() < 0.1) {
    const query = `${fuzzer.among(['status', 'limit', 'cursor', 'sessionId', 'x'])}=${fuzzer.oddWord()}`;
    const path = random() < 0.5 ? filled('/tasks/{id}') : '/tasks';
    return request('GET', `${client.base}${path}?${query}`);
  }
  const { path, text, type } = toPost();
  return request('POST', `${product.url}${path}`, { body: text, type });
}

async function request(
  method: string,
  url: string,
  given?: { body: string; type: string },
  tries = 2,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...key(), ...(given && { 'content-type': given.type }) },
    ...(given && { body: given.body }),
  });
  const { status } = response;
  // Where one write waits for another longer than it may, its client is told when to ask again.
  if (status === 503 && response.headers.has('retry-after') && tries > 1) {
    await response.body?.cancel();
    return request(method, url, given, tries - 1);
  }
  const type = response.headers.get('content-type');
  if (type?.startsWith('text/event-stream')) {
    // Its task may wait for ever: whoever asked leaves.
    await response.body?.cancel();
    return asDescribed(method, url, { status, headers: response.headers, body: undefined });
  }
  const text = await response.text();
  const body = text === '' || type?.startsWith('application/x-ndjson') ? undefined : JSON.parse(text);
  const answer = { status, headers: response.headers, body };
  // Of a path that no surface reads.
  if (answer.body?.message === 'The request cannot be read') return answer;
  expect(status, `${method} ${url}\n${given?.body.slice(0, 2_000)}\n${text}`).toBeLessThan(500);
  expect(text).not.toMatch(/\bat \S+ \(|\bat (file:|\/)|node_modules|prisma|postgres/i);
  return asDescribed(method, url, answer);
}

/** Open files and sockets of the host. */
const descriptors = async () => (await readdir(`/proc/${product.pid}/fd`)).length;
const streams = async () =>
  Number(
    /^agent_host_streams (\d+)$/m.exec(
      await (await fetch(`${product.url}/metrics`, { headers })).text(),
    )?.[1],
  );

it(`${REQUESTS} of them`, async () => {
  // The pools of connections have grown by then.
  for (let round = 0; round < 6; round++) await Promise.allSettled(Array.from({ length: AT_ONCE }, ask));
  const before = await descriptors();
  const codes = new Set<number | string>();
  const problems: string[] = [];
  for (let asked = 0; asked < REQUESTS && problems.length < 20; asked += AT_ONCE) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => ask().catch((error: Error) => error.message)),
    );
    for (const answer of answers) {
      if (typeof answer === 'string') problems.push(answer);
      else codes.add(answer.body?.error?.code ?? answer.status);
    }
  }
  expect(problems).toEqual([]);
  // It was no monologue.
  const told = [-32700, -32602, -32601, -32600, -32001, 200, 201, 'invalid_request', 'agent_not_found'];
  expect([...codes]).toEqual(expect.arrayContaining(told));
  expect(codes).not.toContain(-32603);
  await until('no stream is open', async () => ((await streams()) === 0 ? true : undefined));
  await until('nothing is kept open', async () =>
    (await descriptors()) <= before + MOST_MORE ? true : undefined,
  );
  expect(product.log()).not.toMatch(/a request failed/);
}, 900_000);
